//! What a nested operation has to do at its end is done although the one around it is cancelled.

use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Timer, generic};
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(3600);

type Cx = generic::Cx<VirtualTime>;

/// The body begins in time, however busy the machine is.
fn outer(time: &VirtualTime) -> generic::Cancelable<VirtualTime> {
    time.operation().timeout(SHORT)
}

#[test]
fn its_cleanup() {
    let time = VirtualTime::new();
    let closed = AtomicBool::new(false);
    let op = outer(&time).build();
    let result = time.block_on(op.run(async |cx| {
        let cleanup = async |cx: &Cx| {
            cx.sleep(SHORT).await;
            closed.store(true, Ordering::SeqCst);
        };
        let nested = cx.child();
        drop(
            nested
                .run_finally(async |_| pending::<()>().await, cleanup)
                .await,
        );
        pending::<()>().await;
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(closed.into_inner());
    assert!(!op.context().shielded());
}

#[test]
fn its_cleanup_two_levels_down() {
    let time = VirtualTime::new();
    let closed = std::sync::Arc::new(AtomicBool::new(false));
    let in_cleanup = closed.clone();
    let result = time.block_on(outer(&time).run(async |cx| {
        let middle = cx.child();
        let run = middle.run(async |cx| {
            let nested = cx.child().finally(|cx| async move {
                cx.sleep(SHORT).await;
                in_cleanup.store(true, Ordering::SeqCst);
            });
            nested.run(async |_| pending::<()>().await).await
        });
        drop(run.await);
        pending::<()>().await;
    }));
    assert!(result.is_err());
    assert!(closed.load(Ordering::SeqCst));
}

#[test]
fn its_grace_period() {
    let time = VirtualTime::new();
    let ended = AtomicBool::new(false);
    let result = time.block_on(outer(&time).run(async |cx| {
        let nested = cx.child().grace(LONG);
        let run = nested.run(async |cx| {
            cx.cancelled().await;
            cx.sleep(SHORT).await;
            ended.store(true, Ordering::SeqCst);
        });
        drop(run.await);
        pending::<()>().await;
    }));
    assert!(result.is_err());
    assert!(ended.into_inner());
}

#[test]
fn its_asynchronous_callbacks() {
    let time = VirtualTime::new();
    let told = std::sync::Arc::new(AtomicBool::new(false));
    let in_callback = told.clone();
    let result = time.block_on(outer(&time).run(async |cx| {
        let clock = cx.runtime().clone();
        let nested = cx.child().on_cancel_async(move |_| {
            let (told, clock) = (in_callback.clone(), clock.clone());
            async move {
                clock.sleep(SHORT).await.unwrap();
                told.store(true, Ordering::SeqCst);
            }
        });
        drop(nested.run(async |_| pending::<()>().await).await);
        pending::<()>().await;
    }));
    assert!(result.is_err());
    assert!(told.load(Ordering::SeqCst));
}

#[test]
fn without_any_of_that_the_outer_body_is_dropped_at_once() {
    let time = VirtualTime::new();
    let result = time.block_on(outer(&time).run(async |cx| {
        let nested = cx.child();
        let run = nested.run(async |_| pending::<()>().await);
        drop(run.await);
        unreachable!("goes on");
    }));
    let result: Result<(), _> = result;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}
