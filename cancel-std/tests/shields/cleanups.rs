//! Whether a cleanup was lost.

use super::support::{SECOND, Stage, Way};
use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Status};
use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn x4_a_cleanup_of_a_dropped_run_is_told_as_lost() {
    for in_cleanup in [false, true] {
        for given in [false, true] {
            let time = VirtualTime::new();
            let op = match given {
                false => time.operation().finally(|_| pending()),
                true => time.operation(),
            };
            let op = op.build();
            let body = async move |_: &_| match in_cleanup {
                true => {}
                false => pending().await,
            };
            {
                let mut run = pin!(async {
                    match given {
                        false => op.run(body).await,
                        true => op.run_finally(body, async |_| pending().await).await,
                    }
                });
                assert!(poll(run.as_mut()).is_pending());
                assert!(!op.context().cleanup_lost()); // not yet
            }
            assert!(op.context().cleanup_lost(), "{in_cleanup} {given}");
            assert_eq!(op.status(), Status::Cancelled);
            assert_eq!(op.context().reason(), Some(Reason::Dropped));
        }
    }
}

#[test]
fn x4_of_several_cleanups_the_last_one_counts() {
    let time = VirtualTime::new();
    let op = time
        .operation()
        .finally(|_| async {})
        .finally(|_| pending());
    let op = op.build();
    {
        let mut run = pin!(op.run(async |_| ()));
        assert!(poll(run.as_mut()).is_pending());
    }
    assert!(op.context().cleanup_lost());
}

/// The loser of a race that is kept and not polled loses its cleanup with the body around it.
#[test]
fn x4_a_cleanup_of_a_child_that_nobody_polls_is_told_as_lost() {
    let stage = Stage::new(Way::Timeout);
    let op = stage.setup().build();
    let mut child = None;
    let run = op.run(async |cx| {
        let inner = cx.child().finally(|_| async {}).build();
        child = Some(inner.clone());
        let mut lost = pin!(inner.run(async |cx| cx.sleep(Duration::MAX).await));
        let _ = smol::future::poll_once(lost.as_mut()).await;
        cx.sleep(5 * SECOND).await;
    });
    stage.time.block_on(run).unwrap_err();
    let context = child.unwrap().context();
    assert!(context.cleanup_lost());
    assert_eq!(context.status(), Status::Cancelled);
}

#[test]
fn x4_what_has_run_or_never_began_is_not_lost() {
    let time = VirtualTime::new();
    // Completed, cancelled, cancelled beforehand.
    let op = time.operation().finally(|_| async {}).build();
    time.block_on(op.run(async |_| ())).unwrap();
    assert!(!op.context().cleanup_lost());
    for before in [false, true] {
        let op = time
            .operation()
            .timeout(SECOND)
            .finally(|_| async {})
            .build();
        if before {
            op.cancel();
        }
        time.block_on(op.run(async |_| pending::<()>().await))
            .unwrap_err();
        assert!(!op.context().cleanup_lost());
    }
    // It panics: that is an end of it.
    let op = time
        .operation()
        .finally(|_| async { std::panic::resume_unwind(Box::new("oh")) })
        .build();
    let run = std::panic::AssertUnwindSafe(|| time.block_on(op.run(async |_| ())));
    std::panic::catch_unwind(run).unwrap_err();
    assert!(!op.context().cleanup_lost());
    // Never run, or dropped before the first poll.
    let op = time.operation().finally(|_| async {}).build();
    drop(op.run(async |_| ()));
    assert!(!op.context().cleanup_lost());
    // Without any, and in a group, which has an end of its own.
    let op = time.operation().build();
    assert!(poll(pin!(op.run(async |_| pending::<()>().await))).is_pending());
    assert!(!op.context().cleanup_lost());
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
    });
    assert!(poll(pin!(run)).is_pending());
    assert!(!op.context().cleanup_lost());
}
