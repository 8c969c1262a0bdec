//! Operations inside the body of another one: what they do at their ends holds that one.

use crate::support::{Log, SECOND, Virtual, poll};
use std::future::pending;
use std::pin::pin;
use std::task::Poll;

/// The parent is cancelled while the child is just running: it does not take the child's end away.
#[test]
fn the_end_of_a_nested_operation_is_not_cut_off() {
    let (clock, log) = (Virtual::new(), Log::default());
    let (cleanup, callback, after) = (log.clone(), log.clone(), log.clone());
    let (op, runtime) = (clock.op().build(), clock.clone());
    let handle = op.clone();
    let mut run = pin!(op.run(async |cx| {
        let child = cx
            .child()
            .grace(SECOND)
            .finally(move |cx| {
                let log = cleanup.clone();
                async move {
                    cx.sleep(SECOND).await;
                    log.add("cleanup");
                }
            })
            .on_cancel_async(move |_| {
                let (log, runtime) = (callback.clone(), runtime.clone());
                async move {
                    let _ = cancel_core::Timer::sleep(&runtime, SECOND).await;
                    log.add("callback");
                }
            });
        let result = child.run(async |_| pending::<()>().await).await;
        assert!(result.unwrap_err().is_inherited());
        after.add("after");
        pending::<()>().await;
    }));
    assert!(poll(run.as_mut()).is_pending());
    handle.cancel();
    for expected in [&[] as &[&str], &[], &["cleanup"]] {
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(log.take(), expected);
        clock.advance(SECOND);
    }
    assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
    assert_eq!(log.take(), ["callback", "after"]);
}

/// One with callbacks alone holds, too; one without anything to do does not.
#[test]
fn only_ends_that_take_time_hold() {
    for waits in [false, true] {
        let (clock, log) = (Virtual::new(), Log::default());
        let (op, callback) = (clock.op().build(), log.clone());
        let handle = op.clone();
        let mut run = pin!(op.run(async |cx| {
            let mut child = cx.child();
            if waits {
                child = child.on_cancel_async(move |_| {
                    let log = callback.clone();
                    async move { log.add("callback") }
                });
            }
            let _after = log.on_drop(|| String::from("body gone"));
            let _ = child.run(async |_| pending::<()>().await).await;
            log.add("after");
            pending::<()>().await;
        }));
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(handle.context().shielded(), waits);
        handle.cancel();
        assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
        match waits {
            true => assert_eq!(log.take(), ["callback", "after", "body gone"]),
            false => assert_eq!(log.take(), ["body gone"]),
        }
        assert!(!handle.context().shielded());
    }
}
