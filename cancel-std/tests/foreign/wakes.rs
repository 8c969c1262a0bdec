//! Wake-ups from other tasks, and what is left of wakers.

use cancel_std::testing::{TestWaker, VirtualTime};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

#[test]
fn the_end_of_the_last_shield_wakes_after_the_grace_period_too() {
    let time = VirtualTime::new();
    let op = time.operation().grace(Duration::from_secs(1)).build();
    let handle = op.clone();
    let cx = op.within(Clone::clone);
    let waker = TestWaker::counting();
    let shields = RefCell::new(Vec::new());
    for _ in 0..2 {
        let shield = Box::pin(cx.shield_future(pending::<()>()));
        shields.borrow_mut().push(shield);
    }
    let polls_shields = poll_fn(|cx| {
        for shield in shields.borrow_mut().iter_mut() {
            assert!(shield.as_mut().poll(cx).is_pending());
        }
        Poll::<()>::Pending
    });
    let mut run = pin!(op.run(async move |_| polls_shields.await));
    assert!(waker.poll(run.as_mut()).is_pending());
    handle.cancel();
    assert!(waker.poll(run.as_mut()).is_pending());
    time.advance(Duration::from_secs(1));
    // Another task takes them over, one after the other.
    for _ in 0..2 {
        for _ in 0..2 {
            assert!(waker.poll(run.as_mut()).is_pending(), "not forced");
        }
        let taken = shields.borrow_mut().pop();
        let before = waker.wakes();
        drop(taken);
        assert_eq!(waker.wakes(), before + 1);
    }
    assert!(waker.poll(run.as_mut()).is_ready());
}

#[test]
fn a_dropped_handle_of_a_task_leaves_no_waker_behind() {
    let time = VirtualTime::new();
    let op = time.operation();
    let waker = TestWaker::counting();
    let run = op.run_group(async |group| {
        let mut task = Box::pin(group.spawn(async |_| ()));
        assert!(waker.poll(task.as_mut()).is_pending());
        assert_eq!(waker.alive(), 1);
        drop(task);
        assert_eq!(waker.alive(), 0);
    });
    time.block_on(run).unwrap();
}
