//! When a condition is checked: at once, then an interval after the end of each check, on the runtime's
//! own timer.

use crate::support::{SECOND, Virtual, Wakes, poll};
use crate::tools::{gated, poll_to_end, poll_until};
use cancel_std::{Condition, Reason, generic};
use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

const NANO: Duration = Duration::from_nanos(1);

fn with(time: &Virtual, condition: Condition) -> generic::Cancelable<Virtual> {
    time.op().source(condition)
}

#[test]
fn the_interval_counts_from_the_end_of_a_check() {
    let time = Virtual::new();
    let (predicate, answer, seen) = gated();
    let op = with(&time, Condition::new(predicate, 5 * SECOND).unwrap());
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    let wakes = Arc::new(Wakes::default());

    assert!(wakes.poll(run.as_mut()).is_pending());
    poll_until(&wakes, run.as_mut(), "the first check, at once", || {
        seen.begun() == 1
    });
    for round in 1..=3 {
        // However long it takes, there is neither a timer nor another check.
        time.advance(100 * SECOND);
        assert!(wakes.poll(run.as_mut()).is_pending());
        assert_eq!((time.armed(), seen.begun()), (0, round));

        answer.send(false).unwrap();
        poll_until(&wakes, run.as_mut(), "the pause", || time.armed() == 1);
        time.advance(5 * SECOND - NANO);
        assert!(wakes.poll(run.as_mut()).is_pending());
        assert_eq!((time.armed(), seen.begun()), (1, round));

        time.advance(NANO);
        poll_until(&wakes, run.as_mut(), "the next check", || {
            seen.begun() == round + 1
        });
    }
    answer.send(true).unwrap();
    let cancelled = poll_to_end(&wakes, run.as_mut()).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Condition);
    assert_eq!((time.armed(), seen.ended()), (0, 4));
    assert!(!seen.overlapped());
}

#[test]
fn so_it_is_with_one_that_awaits() {
    let time = Virtual::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let predicate = {
        let (time, calls) = (time.clone(), calls.clone());
        move || {
            let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
            let takes = cancel_core::Timer::sleep(&time, 3 * SECOND);
            async move {
                takes.await.unwrap();
                call == 2
            }
        }
    };
    let condition = Condition::new_async(predicate, 5 * SECOND).unwrap();
    let op = with(&time, condition.description("slow"));
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    // First check, pause, second check: the steps of 3 and 5 seconds.
    for (step, begun) in [(3 * SECOND, 1), (5 * SECOND, 1), (3 * SECOND, 2)] {
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(calls.load(Ordering::SeqCst), begun);
        time.advance(step - NANO);
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(calls.load(Ordering::SeqCst), begun);
        time.advance(NANO);
    }
    let Poll::Ready(Err(cancelled)) = poll(run.as_mut()) else {
        panic!("it goes on");
    };
    assert_eq!(cancelled.message(), Some("condition \"slow\" met"));
    assert_eq!(time.armed(), 0);
}

#[test]
fn the_body_goes_first() {
    let time = Virtual::new();
    let condition = Condition::new_async(async || true, SECOND).unwrap();
    let op = with(&time, condition);
    let polled = Cell::new(0);
    let mut run = pin!(op.run(async |_| {
        polled.set(polled.get() + 1);
        pending::<()>().await
    }));
    assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
    assert_eq!(polled.get(), 1);
}

#[test]
fn a_broken_timer_does_not_end_the_watch_unnoticed() {
    let time = Virtual::new();
    let condition = Condition::new_async(async || false, SECOND).unwrap();
    let op = with(&time, condition.description("disk"));
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    time.break_down();
    let Poll::Ready(Err(cancelled)) = poll(run.as_mut()) else {
        panic!("it goes on");
    };
    assert_eq!(cancelled.reason(), Reason::Error);
    assert_eq!(
        cancelled.message(),
        Some("the timer of condition \"disk\" failed")
    );
}
