//! The deadline of a running operation, which others may move at any time.

use atomic_waker::AtomicWaker;
use cancel_core::{Cause, DeadlineSource, Timer};
use portable_atomic::{AtomicBool, AtomicU64, Ordering};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

/// No deadline, or one beyond 584 years.
const NEVER: u64 = u64::MAX;

/// A moment that can be read without a lock, and whose changes wake the one runner that waits.
pub(crate) struct Deadline {
    /// Nanoseconds since the epoch of the runtime's clock.
    at: AtomicU64,
    /// Whether the operation has begun. Before, its deadline is its own matter.
    begun: AtomicBool,
    changed: AtomicWaker,
}

impl Deadline {
    pub(crate) const fn never() -> Self {
        Deadline {
            at: AtomicU64::new(NEVER),
            begun: AtomicBool::new(false),
            changed: AtomicWaker::new(),
        }
    }

    pub(crate) fn get(&self) -> Option<Duration> {
        // Acquire: pairs with the Release below, so that whoever acts on a deadline sees what its
        // setter did before. Nothing here depends on it.
        match self.at.load(Ordering::Acquire) {
            NEVER => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    /// The deadline as far as others have to keep to it: none before the start, nor after the end.
    pub(crate) fn of_running(&self) -> Option<Duration> {
        // Acquire: pairs with `begin`, so that it is the deadline of the start, or a later one.
        match self.begun.load(Ordering::Acquire) {
            true => self.get(),
            false => None,
        }
    }

    /// The operation starts, with this deadline.
    pub(crate) fn begin(&self, at: Option<Duration>) {
        self.set(at);
        self.begun.store(true, Ordering::Release);
    }

    /// Has to be followed by [`wake`](Deadline::wake), outside of locks.
    pub(crate) fn set(&self, at: Option<Duration>) {
        let nanos = at.map_or(NEVER, |at| u64::try_from(at.as_nanos()).unwrap_or(NEVER));
        self.at.store(nanos, Ordering::Release);
    }

    /// Tells the runner that the deadline has been set. Calls its waker.
    pub(crate) fn wake(&self) {
        self.changed.wake();
    }

    /// After the end: the waker of the last poll, which nobody needs any more.
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.changed.take()
    }

    /// Waits for the deadline, wherever it may move to. One runner at a time.
    ///
    /// Ends with the cause of the timeout, or of the timer's failure.
    pub(crate) async fn passed<R: Timer>(&self, timer: &R) -> Cause {
        loop {
            let at = self.get();
            let mut source = pin!(at.map(|at| DeadlineSource::new(timer.sleep_until(at))));
            let cause = poll_fn(|cx| {
                // Registered first: a change is either seen below, or wakes this waker.
                self.changed.register(cx.waker());
                if self.get() != at {
                    return Poll::Ready(None);
                }
                match source.as_mut().as_pin_mut() {
                    Some(source) => source.poll(cx).map(Some),
                    None => Poll::Pending,
                }
            });
            if let Some(cause) = cause.await {
                return cause;
            }
        }
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
