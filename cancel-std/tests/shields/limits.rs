//! Bounded shields and cleanups: the limit is the deadline of the work.

use super::support::{Cx, SECOND, Stage, WAYS, Way};
use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Status};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn x2_the_limit_of_a_shield_is_its_deadline() {
    for way in WAYS {
        let stage = Stage::new(way);
        let op = stage.setup().build();
        let handle = op.clone();
        let log = Arc::new(Mutex::new(Vec::new()));
        let run = op.run(async |cx| {
            let limited = cx.shield_within(3 * SECOND, async |cx| {
                assert_eq!(cx.remaining(), Some(3 * SECOND));
                let from_thread = cx.run_in_thread(|cx| cx.remaining()).await;
                assert_eq!(from_thread, Ok(Some(3 * SECOND)));
                let in_child = log.clone();
                let child = cx.child().timeout(1000 * SECOND).finally(|cx| async move {
                    assert_eq!((cx.check(), cx.remaining()), (Ok(()), None));
                    cx.sleep(SECOND).await;
                    in_child.lock().unwrap().push("child closed");
                });
                let child = child.build();
                let run = child.run(async |cx| {
                    assert_eq!(cx.remaining(), Some(3 * SECOND)); // limited by the shield
                    cx.sleep(Duration::MAX).await;
                });
                let cancelled = run.await.unwrap_err();
                log.lock().unwrap().push("child over");
                assert_eq!(cancelled.root_reason(), Reason::Timeout);
                pending::<()>().await;
            });
            let cancelled = limited.await.unwrap_err();
            assert_eq!(cancelled.reason(), Reason::Timeout);
            assert_eq!(cancelled.limit(), Some(3 * SECOND));
            assert!(!cancelled.is_from(cx.operation()));
            log.lock().unwrap().push("shield over");
            cx.sleep(Duration::MAX).await;
        });
        let result = stage.run_and_cancel(&handle, run);
        assert_eq!(result.unwrap_err().reason(), stage.reason());
        let log = log.lock().unwrap();
        assert_eq!(
            *log,
            ["child closed", "child over", "shield over"],
            "{way:?}"
        );
        assert_eq!(op.context().duration(), Some(4 * SECOND));
    }
}

/// It ends nothing else.
#[test]
fn x2_an_operation_goes_on_after_a_shield_that_was_too_slow() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        let slow = cx.shield_within(SECOND, async |_| pending::<()>().await);
        assert!(slow.await.is_err());
        let quick = cx.shield_within(SECOND, async |cx| cx.sleep(SECOND / 2).await);
        assert_eq!(quick.await, Ok(()));
        let unlimited = cx.shield_within(Duration::MAX, async |cx| cx.remaining());
        assert_eq!(unlimited.await, Ok(None));
        let once = cx.shield_within(Duration::ZERO, async |cx| cx.remaining());
        assert_eq!(once.await, Ok(Some(Duration::ZERO)));
        cx.check()
    });
    assert_eq!(time.block_on(run), Ok(Ok(())));
    assert_eq!(op.context().cause(), None);
}

#[test]
fn x2_a_deadline_outside_of_the_shield_does_not_count() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(SECOND);
    let run = op.run(async |cx| {
        cx.shield_within(10 * SECOND, async |cx| {
            let child = cx.child().timeout(5 * SECOND);
            child.run(async |cx| cx.remaining()).await
        })
        .await
    });
    assert_eq!(time.block_on(run), Ok(Ok(Ok(Some(5 * SECOND)))));
}

#[test]
fn x2_the_limit_of_a_cleanup_is_its_deadline() {
    for way in WAYS {
        let stage = Stage::new(way);
        let log = Arc::new(Mutex::new(Vec::new()));
        let in_cleanup = log.clone();
        let op = stage
            .setup()
            .finally_within(2 * SECOND, |cx: Cx| async move {
                assert_eq!(cx.remaining(), Some(2 * SECOND));
                let in_child = in_cleanup.clone();
                let child = cx.child().finally(|_| async move {
                    in_child.lock().unwrap().push("child closed");
                });
                let run = child.run(async |cx| cx.sleep(Duration::MAX).await);
                assert_eq!(run.await.unwrap_err().root_reason(), Reason::Timeout);
                in_cleanup.lock().unwrap().push("goes on");
                pending::<()>().await;
            })
            .build();
        let handle = op.clone();
        let run = op.run(async |cx| cx.sleep(Duration::MAX).await);
        stage.run_and_cancel(&handle, run).unwrap_err();
        assert_eq!(*log.lock().unwrap(), ["child closed", "goes on"], "{way:?}");
        let context = op.context();
        assert_eq!(context.error(), Some("cleanup did not end within 2s"));
        assert_eq!(context.status(), Status::Cancelled);
        assert_eq!(context.duration(), Some(SECOND / 2 + 2 * SECOND));
        assert!(!context.cleanup_lost()); // it was ended, and the context says so
    }
}

#[test]
fn x2_the_cleanup_after_one_that_was_too_slow_still_runs() {
    let stage = Stage::new(Way::Cancel);
    let done = Arc::new(Mutex::new(false));
    let in_cleanup = done.clone();
    let op = stage
        .time
        .operation()
        .finally_within(SECOND, |_| pending())
        .finally(|cx| async move {
            assert_eq!(cx.remaining(), None);
            *in_cleanup.lock().unwrap() = true;
        });
    assert_eq!(stage.time.block_on(op.run(async |_| 5)), Ok(5));
    assert!(*done.lock().unwrap());
}
