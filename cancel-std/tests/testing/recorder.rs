//! The recorder.

use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{CancelToken, Cancelable, Reason};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

#[test]
fn all_endings() {
    let recorder = Recorder::new();
    let op = |name| Cancelable::new().name(name).observe(recorder.observer());
    smol::block_on(op("completes").run(async |_| ())).unwrap();
    let fails =
        op("fails").try_run(async |_| Err::<(), _>(Box::<dyn std::error::Error>::from("no")));
    smol::block_on(fails).unwrap_err();
    let panics = op("panics").run(async |_| resume_unwind(Box::new("oh")));
    catch_unwind(AssertUnwindSafe(|| smol::block_on(panics))).unwrap_err();
    let is_cancelled = op("is cancelled").run(async |cx| {
        cx.cancel_with((Reason::Shutdown, "bye"));
        std::future::pending::<()>().await
    });
    smol::block_on(is_cancelled).unwrap_err();
    let late = op("late").run(async |cx| assert!(cx.cancel()));
    smol::block_on(late).unwrap();
    let expected = [
        "completes started",
        "completes completed",
        "fails started",
        "fails failed: no",
        "panics started",
        "panics failed: panicked: oh",
        "is cancelled started",
        "is cancelled cancel requested: shutdown: bye",
        "is cancelled cancelled: shutdown: bye",
        "late started",
        "late completed",
    ];
    assert_eq!(recorder.events(), expected);
}

#[test]
fn families() {
    let time = VirtualTime::new();
    let recorder = Recorder::on(&time);
    let parent = time
        .operation()
        .timeout(Duration::from_secs(5))
        .observe(recorder.observer());
    let run = parent.run(async |cx| {
        let child = cx.child().observe(recorder.observer());
        child
            .run(async |cx| {
                cx.report_progress("below");
                cx.sleep(Duration::MAX).await;
            })
            .await
    });
    time.block_on(run).unwrap_err();
    let expected = [
        "0s #1 started",
        "0s #2 started",
        "0s #2 progress: below", // heard by the child,
        "0s #2 progress: below", // and by its parent
        "5s #1 cancel requested: timeout of 5s",
        "5s #2 cancelled by parent (timeout of 5s)",
        "5s #1 cancelled: timeout of 5s",
    ];
    assert_eq!(recorder.events(), expected);
}

#[test]
fn from_any_thread_and_in_parts() {
    let recorder = Recorder::new();
    let token = CancelToken::new();
    let watch = recorder.watch("token", &token);
    thread::scope(|scope| {
        for number in 0..4 {
            let recorder = &recorder;
            scope.spawn(move || recorder.note(format!("thread {number}")));
        }
    });
    let mut events = recorder.take();
    events.sort_by_key(ToString::to_string);
    assert_eq!(events, ["thread 0", "thread 1", "thread 2", "thread 3"]);
    token.cancel();
    assert_eq!(recorder.take(), ["token cancelled: manual"]);
    drop(watch);
    drop(recorder.on_drop("gone"));
    let events = recorder.events();
    assert_eq!(events, ["gone"]);
    assert_eq!((events[0].at(), events[0].subject()), (None, None));
    assert!(events[0] != "here" && events[0].what() == "gone");
    assert_eq!(
        format!("{events:?} {recorder:?}"),
        r#"["gone"] Recorder { events: ["gone"], .. }"#
    );
}
