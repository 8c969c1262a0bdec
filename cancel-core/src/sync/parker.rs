//! A thread that waits for another one. Not `std::thread::park`: its token is one per thread, and may
//! be in use by what the thread does besides.

use crate::sync::signal::Signal;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

/// Where one thread sleeps until it is notified.
#[derive(Debug)]
pub(crate) struct Parker(Signal);

impl Parker {
    fn new() -> Arc<Self> {
        Arc::new(Parker(Signal::new()))
    }

    /// Announces a parker by its address, and if that says that it is known now, sleeps until
    /// somebody has called [`unpark`](Parker::unpark) with that address.
    pub(crate) fn wait(announce: impl FnOnce(*mut Parker) -> bool) {
        let parker = Self::new();
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
        parker.0.notify();
    }

    /// A parker and the waker that notifies it.
    pub(crate) fn with_waker() -> (Arc<Parker>, Waker) {
        let parker = Self::new();
        (parker.clone(), Waker::from(parker))
    }

    /// Sleeps until notified, and forgets it. False: the deadline came first.
    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
        self.0.wait(deadline)
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify();
    }
}

/// Tells this thread from all others that are alive.
pub(crate) fn thread_mark() -> *mut Parker {
    crate::sync::signal::thread_mark().cast()
}
