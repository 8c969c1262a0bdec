//! A clock that the tests move.

use cancel_core::{Instant, Timer, TimerError};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[derive(Debug, Default)]
struct Time {
    now: Instant,
    broken: bool,
    asleep: Vec<(Instant, Waker)>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(&'static Mutex<Time>);

impl Clock {
    pub(crate) fn new() -> Self {
        Clock(Box::leak(Box::default()))
    }

    fn time(&self) -> MutexGuard<'static, Time> {
        self.0.lock().unwrap()
    }

    /// Lets time go by, and wakes who has slept long enough.
    pub(crate) fn advance(&self, by: Duration) {
        let mut time = self.time();
        time.now += by;
        let (now, broken) = (time.now, time.broken);
        let asleep = std::mem::take(&mut time.asleep);
        let (due, rest) = asleep.into_iter().partition(|(at, _)| broken || *at <= now);
        time.asleep = rest;
        drop(time);
        let due: Vec<_> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }

    pub(crate) fn break_down(&self) {
        self.time().broken = true;
        self.advance(Duration::ZERO);
    }
}

impl Timer for Clock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.time().now
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep(*self, deadline)
    }
}

#[derive(Debug)]
pub(crate) struct Sleep(Clock, Instant);

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut time = self.0.time();
        if time.broken {
            return Poll::Ready(Err(TimerError::new("broken")));
        }
        if time.now >= self.1 {
            return Poll::Ready(Ok(()));
        }
        time.asleep.push((self.1, cx.waker().clone()));
        Poll::Pending
    }
}
