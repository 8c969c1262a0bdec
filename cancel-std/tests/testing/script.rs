//! Scripted scenarios.

use cancel_std::testing::{Script, VirtualTime};
use cancel_std::{CancelToken, Instant, Reason, Timer};
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn steps_come_in_order_and_first() {
    let script = Script::new();
    let op = script.operation("op").timeout(5 * SECOND).build();
    let (handle, stop) = (op.clone(), CancelToken::new());
    let (result, events) = script
        .at(5 * SECOND, "c", move || handle.cancel_with("just in time"))
        .at(2 * SECOND, "a", || ())
        .cancel_at(2 * SECOND, &stop, Reason::Custom(7))
        .at(SECOND, "early", || ())
        .run(op.run(async |_| pending::<()>().await));
    assert_eq!(result.unwrap_err().message(), Some("just in time"));
    assert!(stop.is_cancelled());
    let expected = [
        "0s op started",
        "1s script early",
        "2s script a",
        "2s script cancels: custom 7",
        "5s script c",
        "5s op cancel requested: manual: just in time",
        "5s op cancelled: manual: just in time",
    ];
    assert_eq!(events, expected);
}

#[test]
fn steps_count_from_the_start_of_the_run() {
    let time = VirtualTime::starting_at(Instant::EPOCH + 10 * SECOND);
    let owned = Arc::new(());
    let in_step = owned.clone();
    let (_, events) = Script::on(&time)
        .at(Duration::ZERO, "at once", || ())
        .at(60 * SECOND, "still to come", move || drop(in_step))
        .run(time.sleep(SECOND));
    assert_eq!(events, ["10s script at once"]);
    assert_eq!(time.now(), Instant::EPOCH + 11 * SECOND);
    assert_eq!(Arc::strong_count(&owned), 1);
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
}

#[test]
fn panics_of_steps_go_on() {
    let script = Script::default().at(SECOND, "fails", || resume_unwind(Box::new("a step")));
    assert_eq!(format!("{script:?}"), r#"{1s: "fails"}"#);
    let panic = catch_unwind(AssertUnwindSafe(|| script.run(pending::<()>()))).unwrap_err();
    // (Nobody has a waker of `pending`, so it is a deadlock at once.)
    assert!(panic.downcast_ref::<String>().unwrap().contains("deadlock"));
    let script = Script::default().at(SECOND, "fails", || resume_unwind(Box::new("a step")));
    let time = script.time().clone();
    let run = AssertUnwindSafe(|| script.run(time.sleep(2 * SECOND)));
    assert_eq!(
        catch_unwind(run).unwrap_err().downcast_ref(),
        Some(&"a step")
    );
}
