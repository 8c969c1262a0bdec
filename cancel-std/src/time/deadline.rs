//! The deadline of an operation, which others may move at any time.

use cancel_core::Instant;
use portable_atomic::{AtomicBool, AtomicU128, Ordering};
use std::fmt;
use std::time::Duration;

/// No deadline. (The nanoseconds of a moment are fewer.)
const NEVER: u128 = u128::MAX;

/// A moment that can be read without a lock.
pub(crate) struct Deadline {
    /// Seconds since the epoch of the runtime's clock, and in the lower 32 bits nanoseconds: all that
    /// an `Instant` can be, in one word, so that nobody reads half of a change.
    at: AtomicU128,
    /// Whether the operation has begun. Before, its deadline is its own matter.
    begun: AtomicBool,
}

fn pack(at: Instant) -> u128 {
    let at = at.since_epoch();
    (u128::from(at.as_secs()) << 32) | u128::from(at.subsec_nanos())
}

fn packed(at: Option<Instant>) -> u128 {
    let at = at.filter(|at| *at != Instant::FAR_FUTURE);
    at.map_or(NEVER, pack)
}

fn unpack(word: u128) -> Instant {
    // (The casts cut off nothing: see `pack`.)
    Instant::from_epoch(Duration::new((word >> 32) as u64, word as u32))
}

impl Deadline {
    pub(crate) fn new(at: Option<Instant>) -> Self {
        Deadline {
            at: AtomicU128::new(packed(at)),
            begun: AtomicBool::new(false),
        }
    }

    pub(crate) fn get(&self) -> Option<Instant> {
        // Acquire: pairs with the Release below, so that whoever acts on a deadline sees what its
        // setter did before. Nothing here depends on it.
        match self.at.load(Ordering::Acquire) {
            NEVER => None,
            word => Some(unpack(word)),
        }
    }

    /// The deadline as far as others have to keep to it: none before the start, nor after the end.
    pub(crate) fn of_running(&self) -> Option<Instant> {
        // Acquire: pairs with `begin`, so that it is the deadline of the start, or a later one.
        match self.begun.load(Ordering::Acquire) {
            true => self.get(),
            false => None,
        }
    }

    /// The operation starts, with this deadline.
    pub(crate) fn begin(&self, at: Option<Instant>) {
        self.set(at);
        self.begun.store(true, Ordering::Release); // see `of_running`
    }

    /// The runner has to be told, outside of locks.
    pub(crate) fn set(&self, at: Option<Instant>) {
        self.at.store(packed(at), Ordering::Release); // see `get`
    }
}

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use cancel_core::Instant;
    use std::time::Duration;

    #[test]
    fn x21_any_moment_comes_out_as_it_went_in() {
        let deadline = Deadline::new(None);
        assert_eq!(deadline.get(), None);
        let latest = Duration::MAX - Duration::from_nanos(1);
        let ages = Duration::new(585 * 365 * 24 * 3600, 999_999_999);
        for at in [Duration::ZERO, Duration::new(1, 1), ages, latest] {
            let at = Instant::from_epoch(at);
            deadline.set(Some(at));
            assert_eq!(deadline.get(), Some(at));
        }
        deadline.set(Some(Instant::FAR_FUTURE));
        assert_eq!(deadline.get(), None);
        let at = Some(Instant::EPOCH);
        assert_eq!(Deadline::new(at).get(), at);
        assert_eq!(Deadline::new(Some(Instant::FAR_FUTURE)).get(), None);
    }
}
