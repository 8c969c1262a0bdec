//! Deadlines that are moved.

use super::{Count, check};
use cancel_core::{Deadline, Instant, Timer, TimerError};
use loom::thread;
use std::boxed::Box;
use std::future::{Future, Pending, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A clock that stands still.
struct Stopped;

enum Sleep {
    Over,
    Never(Pending<()>),
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Sleep::Over => Poll::Ready(Ok(())),
            Sleep::Never(never) => Pin::new(never).poll(cx).map(Ok),
        }
    }
}

impl Timer for Stopped {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::EPOCH
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        match deadline == Instant::EPOCH {
            true => Sleep::Over,
            false => Sleep::Never(pending()),
        }
    }
}

const LATER: Duration = Duration::from_secs(1);

#[test]
fn a_source_registers_while_its_deadline_is_moved() {
    check(|| {
        let deadline = Arc::new(Deadline::new(Stopped).timeout(LATER));
        let moved = deadline.clone();
        let moving = thread::spawn(move || moved.set_timeout(Duration::ZERO));
        let (count, waker) = Count::new();
        let mut source = Box::pin(deadline.source());
        let mut cx = Context::from_waker(&waker);
        let first = source.as_mut().poll(&mut cx);
        moving.join().unwrap();
        if first.is_pending() {
            assert_eq!(count.woken(), 1, "not told");
            assert!(source.as_mut().poll(&mut cx).is_ready());
        }
        drop(source);
    });
}

#[test]
fn a_source_goes_while_its_deadline_is_moved_twice() {
    check(|| {
        let deadline = Arc::new(Deadline::new(Stopped));
        let moved = deadline.clone();
        let moving = thread::spawn(move || {
            moved.set_timeout(LATER);
            moved.set_timeout(2 * LATER);
        });
        let (count, waker) = Count::new();
        let mut cx = Context::from_waker(&waker);
        let (mut goes, mut stays) = (Box::pin(deadline.source()), Box::pin(deadline.source()));
        assert!(goes.as_mut().poll(&mut cx).is_pending());
        assert!(stays.as_mut().poll(&mut cx).is_pending());
        drop(goes);
        moving.join().unwrap();
        assert!(count.woken() <= 2);
        assert!(stays.as_mut().poll(&mut cx).is_pending());
        assert_eq!(deadline.remaining(), Some(2 * LATER));
        drop(stays);
    });
}

#[test]
fn two_threads_move_the_deadline_of_a_source() {
    check(|| {
        let deadline = Arc::new(Deadline::new(Stopped));
        let (count, waker) = Count::new();
        let mut source = Box::pin(deadline.source());
        let mut cx = Context::from_waker(&waker);
        assert!(source.as_mut().poll(&mut cx).is_pending());
        let (one, two) = (deadline.clone(), deadline.clone());
        let moving = thread::spawn(move || one.set_timeout(LATER));
        let over = thread::spawn(move || two.set_timeout(Duration::ZERO));
        let mut seen = 0;
        if count.woken() > 0 {
            seen = count.woken();
            let _ = source.as_mut().poll(&mut cx);
        }
        moving.join().unwrap();
        over.join().unwrap();
        let last = deadline.remaining() == Some(Duration::ZERO);
        let mut again = Box::pin(deadline.source());
        assert_eq!(again.as_mut().poll(&mut cx).is_ready(), last);
        assert!(seen > 0 || count.woken() > 0, "not told");
        assert_eq!(source.as_mut().poll(&mut cx).is_ready(), last);
        drop((source, again));
    });
}
