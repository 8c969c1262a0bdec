//! A thread that waits for another one. Not `std::thread::park`: its token is one per thread, and may
//! be in use by what the thread does besides.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// Where one thread sleeps until it is notified.
#[derive(Debug, Default)]
pub(crate) struct Parker {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    /// Announces a parker by its address, and if that says that it is known now, sleeps until
    /// somebody has called [`unpark`](Parker::unpark) with that address.
    pub(crate) fn wait(announce: impl FnOnce(*mut Parker) -> bool) {
        let parker = Arc::<Parker>::default();
        let address = Arc::into_raw(parker.clone());
        if announce(address.cast_mut()) {
            parker.park(None);
        } else {
            // SAFETY: nobody has it.
            drop(unsafe { Arc::from_raw(address) });
        }
    }

    /// Wakes the thread of a parker.
    ///
    /// # Safety
    ///
    /// The address was given by [`wait`](Parker::wait), and is used once.
    pub(crate) unsafe fn unpark(address: *mut Parker) {
        // SAFETY: the share that `wait` has given away.
        let parker = unsafe { Arc::from_raw(address.cast_const()) };
        parker.notify();
    }

    /// A parker and the waker that notifies it.
    pub(crate) fn with_waker() -> (Arc<Parker>, Waker) {
        let parker = Arc::<Parker>::default();
        (parker.clone(), Waker::from(parker))
    }

    /// Sleeps until notified, and forgets it. False: the deadline came first.
    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
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

    fn notify(&self) {
        *self.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}

/// Tells this thread from all others that are alive.
pub(crate) fn thread_mark() -> *mut Parker {
    std::thread_local! {
        // (Without a destructor, so it can be used in those of others.)
        static MARK: u64 = const { 0 };
    }
    MARK.with(|mark| core::ptr::from_ref(mark).cast_mut().cast())
}
