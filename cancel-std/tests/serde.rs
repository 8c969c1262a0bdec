//! What is written, to the letter, and what can be read back.

use cancel_std::testing::VirtualTime;
use cancel_std::{
    CancelToken, Cancelable, Cause, Instant, Metadata, OperationId, Progress, Reason, Status,
};
use serde_json::{from_str, json, to_string, to_value};
use std::time::Duration;

#[test]
fn reasons() {
    let reasons = [
        (Reason::Manual, r#""manual""#),
        (Reason::Timeout, r#""timeout""#),
        (Reason::Signal(15), r#"{"signal":15}"#),
        (Reason::Condition, r#""condition""#),
        (Reason::Parent, r#""parent""#),
        (Reason::Error, r#""error""#),
        (Reason::Dropped, r#""dropped""#),
        (Reason::Shutdown, r#""shutdown""#),
        (Reason::Custom(7), r#"{"custom":7}"#),
    ];
    for (reason, text) in reasons {
        assert_eq!(to_string(&reason).unwrap(), text);
        assert_eq!(from_str::<Reason>(text).unwrap(), reason);
    }
    for wrong in [
        r#""late""#,
        r#"{"signal":65536}"#,
        r#"{"timeout":1}"#,
        r#""signal""#,
        "1",
    ] {
        assert!(from_str::<Reason>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn causes() {
    let parent = CancelToken::new();
    let child = parent.child();
    let cause = Cause::new(Reason::Error)
        .with_message("upload")
        .with_error("connection reset");
    assert_eq!(
        to_string(&cause).unwrap(),
        r#"{"reason":"error","message":"upload","origin":null,"name":null,"limit":null,"source":"connection reset"}"#
    );
    parent.cancel_with(cause);
    let origin = parent.id();
    assert_eq!(
        to_string(&child.cause()).unwrap(),
        format!(
            r#"{{"reason":"parent","root_reason":"error","message":"upload","origin":"{origin}","name":null,"limit":null,"source":"connection reset"}}"#
        )
    );
    let plain = CancelToken::new();
    plain.cancel_with(Reason::Signal(2));
    let origin = plain.id();
    assert_eq!(
        to_string(&plain.cause()).unwrap(),
        format!(
            r#"{{"reason":{{"signal":2}},"root_reason":{{"signal":2}},"message":null,"origin":"{origin}","name":null,"limit":null,"source":null}}"#
        )
    );
    let late = Cause::new(Reason::Timeout)
        .with_name("download")
        .with_limit(Duration::from_millis(1500));
    assert_eq!(
        to_string(&late).unwrap(),
        r#"{"reason":"timeout","message":null,"origin":null,"name":"download","limit":{"secs":1,"nanos":500000000},"source":null}"#
    );
}

#[test]
fn statuses_and_ids() {
    let names = [
        (Status::Pending, "pending"),
        (Status::Running, "running"),
        (Status::Completed, "completed"),
        (Status::Cancelled, "cancelled"),
        (Status::Failed, "failed"),
    ];
    for (status, name) in names {
        let text = format!("\"{name}\"");
        assert_eq!(to_string(&status).unwrap(), text);
        assert_eq!(from_str::<Status>(&text).unwrap(), status);
    }
    assert!(from_str::<Status>("\"late\"").is_err());
    let id = Cancelable::new().build().id();
    assert_eq!(to_string(&id).unwrap(), id.get().to_string());
    assert_eq!(from_str::<OperationId>(&id.get().to_string()).unwrap(), id);
}

#[test]
fn metadata_keeps_its_order() {
    let metadata = Metadata::from_iter([("z", "1"), ("a", "2")]);
    let text = r#"{"z":"1","a":"2"}"#;
    assert_eq!(to_string(&metadata).unwrap(), text);
    assert_eq!(from_str::<Metadata>(text).unwrap(), metadata);
    assert!(from_str::<Metadata>(r#"{"a":1}"#).is_err());
}

#[test]
fn progress() {
    let op = Cancelable::new().build();
    let id = op.id().get();
    op.within(|cx| cx.progress(3, 10));
    let counted = op.context().progress().unwrap().clone();
    let text =
        format!(r#"{{"operation":{id},"message":"","metadata":{{}},"current":3,"total":10}}"#);
    assert_eq!(to_string(&counted).unwrap(), text);
    assert_eq!(from_str::<Progress>(&text).unwrap(), counted);
    op.within(|cx| cx.report_progress_with("loaded", [("rows", "12")]));
    let told = op.context().progress().unwrap().clone();
    let text = format!(
        r#"{{"operation":{id},"message":"loaded","metadata":{{"rows":"12"}},"current":null,"total":null}}"#
    );
    assert_eq!(to_string(&told).unwrap(), text);
    assert_eq!(from_str::<Progress>(&text).unwrap(), told);
    // Without what need not be there, with what is not known, and as a sequence.
    let some = from_str::<Progress>(r#"{"later":[1],"operation":1,"current":2}"#).unwrap();
    assert_eq!(
        (some.current(), some.total(), some.message()),
        (Some(2), None, "")
    );
    let text = format!(r#"[{id},"loaded",{{"rows":"12"}},null,null]"#);
    assert_eq!(from_str::<Progress>(&text).unwrap(), told);
    assert!(from_str::<Progress>("{}").is_err());
    assert!(from_str::<Progress>("[1]").is_err());
}

#[test]
fn contexts() {
    let time = VirtualTime::starting_at(Instant::EPOCH + Duration::from_secs(1));
    let parent = time.operation().build();
    let op = parent
        .child()
        .external_id("bed 12")
        .name("nap")
        .metadata("bed", "12")
        .timeout(Duration::from_millis(2500))
        .build();
    let pending = json!({
        "id": op.id().get(),
        "parent_id": parent.id().get(),
        "external_id": "bed 12",
        "name": "nap",
        "metadata": { "bed": "12" },
        "status": "pending",
        "started": null,
        "started_at": null,
        "requested": null,
        "requested_at": null,
        "ended": null,
        "ended_at": null,
        "duration": null,
        "remaining": null,
        "reason": null,
        "cause": null,
        "message": null,
        "error": null,
        "progress": null,
        "progress_rate": null,
        "undelivered_dropped": 0,
        "shielded": false,
        "callback_panics": 0,
        "cut_off": 0,
        "task_errors": [],
        "task_error_count": 0,
        "callbacks_cut_off": 0,
        "cleanup_lost": false,
    });
    assert_eq!(to_value(op.context()).unwrap(), pending);
    let run = op.run(async |cx| {
        cx.progress(1, 2);
        cx.sleep(Duration::MAX).await;
    });
    time.block_on(run).unwrap_err();
    let ended = to_value(op.context()).unwrap();
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["started"], json!({ "secs": 1, "nanos": 0 }));
    assert_eq!(ended["ended"], json!({ "secs": 3, "nanos": 500_000_000 }));
    assert_eq!(ended["requested"], ended["ended"]);
    let date = json!({ "secs_since_epoch": 3, "nanos_since_epoch": 500_000_000 });
    assert_eq!(ended["ended_at"], date);
    assert_eq!(
        ended["duration"],
        json!({ "secs": 2, "nanos": 500_000_000 })
    );
    assert_eq!(ended["cause"]["reason"], "timeout");
    assert_eq!(ended["progress"]["current"], 1);
}

#[test]
fn errors_of_tasks() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        let named = group.child().name("disk");
        group
            .spawn_as(named, async |_| Err::<(), _>("full"))
            .operation()
            .id()
    });
    let id = time.block_on(run).unwrap();
    let context = to_value(op.context()).unwrap();
    let error = json!({ "id": id, "name": "disk", "error": "disk: full" });
    assert_eq!(context["task_errors"], json!([error]));
    assert_eq!(
        (&context["task_error_count"], &context["cut_off"]),
        (&json!(1), &json!(0))
    );
}

/// The fields are the methods, whatever is added later.
#[test]
fn x44_a_context_has_a_field_for_each_method() {
    let sources = [
        include_str!("../src/report/context.rs"),
        include_str!("../src/report/times.rs"),
        include_str!("../src/report/so_far.rs"),
    ];
    let methods = sources
        .iter()
        .flat_map(|source| source[source.find("impl Context {").unwrap()..].lines())
        .filter_map(|line| line.strip_prefix("    pub fn "))
        .filter(|rest| !rest.starts_with("partial_result") && !rest.starts_with("undelivered<"))
        .map(|rest| rest[..rest.find('(').unwrap()].to_owned());
    let mut methods: Vec<String> = methods.collect();
    let context = to_value(Cancelable::new().build().context()).unwrap();
    let mut fields: Vec<String> = context.as_object().unwrap().keys().cloned().collect();
    methods.sort();
    fields.sort();
    assert!(fields.len() > 10);
    assert_eq!(fields, methods);
}
