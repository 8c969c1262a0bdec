//! The deadline of an operation, which others may move at any time.

use portable_atomic::{AtomicBool, AtomicU64, Ordering};
use std::fmt;
use std::time::Duration;

/// No deadline, or one beyond 584 years.
const NEVER: u64 = u64::MAX;

/// A moment that can be read without a lock.
pub(crate) struct Deadline {
    /// Nanoseconds since the epoch of the runtime's clock.
    at: AtomicU64,
    /// Whether the operation has begun. Before, its deadline is its own matter.
    begun: AtomicBool,
}

impl Deadline {
    pub(crate) const fn never() -> Self {
        Deadline {
            at: AtomicU64::new(NEVER),
            begun: AtomicBool::new(false),
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
        self.begun.store(true, Ordering::Release); // see `of_running`
    }

    /// The runner has to be told, outside of locks.
    pub(crate) fn set(&self, at: Option<Duration>) {
        let nanos = at.map_or(NEVER, |at| u64::try_from(at.as_nanos()).unwrap_or(NEVER));
        self.at.store(nanos, Ordering::Release); // see `get`
    }

    /// Makes it earlier, if it is.
    pub(crate) fn tighten(&self, at: Duration) {
        self.set(Some(self.get().map_or(at, |set| set.min(at))));
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
