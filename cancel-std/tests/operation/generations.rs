//! Operations that are children of one that has ended.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Operation, Reason, generic};
use smol::block_on;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn ended(op: Cancelable) -> Operation {
    let op = op.build();
    assert_eq!(block_on(op.run(async |_| ())), Ok(()));
    op
}

/// In a body that has `secs(9)` left: the last of many generations, each set up when the one before had ended.
async fn last_of_many(
    cx: &generic::Cx<VirtualTime>,
    next: impl Fn(&generic::Operation<VirtualTime>) -> generic::Cancelable<VirtualTime>,
) -> generic::Operation<VirtualTime> {
    let mut last = cx.child().build();
    for _ in 0..1000 {
        last.run(async |_| ()).await.unwrap();
        let op = next(&last).build();
        assert_eq!(op.context().parent_id(), Some(last.id()));
        last = op;
    }
    last
}

#[test]
fn x25_what_is_above_ended_parents_still_cancels() {
    let time = VirtualTime::new();
    let run = time.operation().grace(secs(1)).run(async |cx| {
        let last = last_of_many(cx, |op| op.child()).await;
        cx.cancel_with("enough");
        last.context().cause().map(|cause| {
            (
                cause.reason(),
                cause.root_cause().message().map(String::from),
            )
        })
    });
    let cause = time.block_on(run).unwrap();
    assert_eq!(cause, Some((Reason::Parent, Some("enough".into()))));
}

#[test]
fn x25_deadlines_force_and_progress_above_ended_parents_are_the_same_as_ever() {
    let time = VirtualTime::new();
    let heard = Arc::new(AtomicU64::new(0));
    let listener = heard.clone();
    let op = time
        .operation()
        .timeout(secs(9))
        .grace(secs(100))
        .on_progress(move |_| {
            listener.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    let handle = op.clone();
    let run = op.run(async |cx| {
        let last = last_of_many(cx, |op| op.child().grace(secs(100))).await;
        assert_eq!(last.deadline(), cx.deadline());
        let inside = last.run(async |cx| {
            cx.report_progress("working");
            assert_eq!(cx.remaining(), Some(secs(9)));
            cx.cancelled().await;
            handle.force();
            pending::<()>().await;
        });
        inside.await.unwrap_err().root_reason()
    });
    // (In its grace period the body has come to a value.)
    assert_eq!(time.block_on(run), Ok(Reason::Timeout));
    assert_eq!(heard.load(Ordering::Relaxed), 1);
    assert_eq!(time.now(), cancel_std::Instant::EPOCH + secs(9));
}

#[test]
fn x25_detached_generations_only_report() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(9)).run(async |cx| {
        let last = last_of_many(cx, |op| op.detached()).await;
        cx.cancel();
        (last.deadline(), last.is_cancelled())
    });
    let _ = time.block_on(run);
    let mut op = ended(Cancelable::new());
    for _ in 0..3 {
        op = ended(op.detached());
    }
    let last = op.child().build();
    assert_eq!(
        (last.context().parent_id(), last.is_cancelled()),
        (Some(op.id()), false)
    );
}

#[test]
fn x25_a_child_of_one_that_ended_cancelled_is_cancelled_from_the_start() {
    let parent = Cancelable::new().name("parent").build();
    parent.cancel_with("stopped");
    assert!(block_on(parent.run(async |_| ())).is_err());
    let detached = parent.detached().build();
    let child = parent.child().build();
    // And their children in turn.
    assert!(block_on(child.run(async |_| ())).is_err());
    let grandchild = child.child().build();
    drop((parent, child));
    assert!(!detached.is_cancelled());
    let cause = block_on(grandchild.run(async |_| ())).unwrap_err();
    assert_eq!(
        (cause.reason(), cause.message()),
        (Reason::Parent, Some("stopped"))
    );
}

/// What was set up before the parent ended, and is built after.
#[test]
fn x25_a_set_up_child_is_linked_when_it_is_built() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(9)).run(async |cx| {
        let middle = cx.child().timeout(secs(5)).build();
        let set_up = middle.child().combine(middle.child());
        middle.run(async |_| ()).await.unwrap();
        let op = set_up.build();
        assert_eq!(op.context().parent_id(), Some(middle.id()));
        op.deadline() == cx.deadline()
    });
    assert_eq!(time.block_on(run), Ok(true));
}

/// It had a parent, so it gets none by default.
#[test]
fn x25_a_child_of_one_that_has_ended_is_not_nested_where_it_runs() {
    let ended = ended(Cancelable::new());
    let run = Cancelable::with_timeout(secs(3600))
        .run(async |_| ended.child().run(async |cx| cx.remaining()).await);
    assert_eq!(block_on(run), Ok(Ok(None)));
}
