//! A notification that one thread sleeps for.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct Signal {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    pub(crate) fn new() -> Self {
        Signal {
            notified: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    /// Sleeps until notified, and forgets it. False: the deadline came first.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        // Some systems do not like longer waits.
        const LONGEST: Duration = Duration::from_secs(24 * 3600);

        let mut notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        while !*notified {
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => LONGEST,
            };
            if left.is_zero() {
                return false;
            }
            let woken = self.changed.wait_timeout(notified, left.min(LONGEST));
            notified = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *notified = false;
        true
    }

    pub(crate) fn notify(&self) {
        *self.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

/// The address of something that this thread alone has.
pub(crate) fn thread_mark() -> *mut u64 {
    std::thread_local! {
        // (Without a destructor, so it can be used in those of others.)
        static MARK: u64 = const { 0 };
    }
    MARK.with(|mark| core::ptr::from_ref(mark).cast_mut())
}
