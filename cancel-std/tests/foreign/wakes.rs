//! Wake-ups from other tasks, and what is left of wakers.

use crate::poll;
use cancel_std::testing::{TestWaker, VirtualTime};
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

#[test]
fn the_end_of_the_last_shield_wakes_after_the_grace_period_too() {
    let time = VirtualTime::new();
    let op = time.operation().grace(Duration::from_secs(1));
    let handle = op.clone();
    let waker = TestWaker::counting();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(waker.poll(run.as_mut()).is_pending());
    // In another task.
    let mut shields = [(); 2].map(|()| Box::pin(handle.shield(pending::<()>())));
    for shield in &mut shields {
        assert!(poll(shield.as_mut()).is_pending());
    }
    handle.cancel();
    assert!(waker.poll(run.as_mut()).is_pending());
    time.advance(Duration::from_secs(1));
    assert!(waker.poll(run.as_mut()).is_pending(), "not forced");
    let [one, two] = shields;
    drop(one);
    assert!(waker.poll(run.as_mut()).is_pending());
    let before = waker.wakes();
    drop(two);
    assert_eq!(waker.wakes(), before + 1);
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
