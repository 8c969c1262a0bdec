//! As `parker_std.rs`, of loom's parts. (Time does not pass in a model.)

use loom::sync::{Condvar, Mutex};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Parker {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn new() -> Arc<Self> {
        Arc::new(Parker {
            notified: Mutex::new(false),
            changed: Condvar::new(),
        })
    }

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

    /// # Safety
    ///
    /// As there.
    pub(crate) unsafe fn unpark(address: *mut Parker) {
        // SAFETY: the share that `wait` has given away.
        let parker = unsafe { Arc::from_raw(address.cast_const()) };
        parker.notify();
    }

    pub(crate) fn with_waker() -> (Arc<Parker>, Waker) {
        let parker = Self::new();
        (parker.clone(), Waker::from(parker))
    }

    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
        assert!(deadline.is_none());
        let mut notified = self.notified.lock().unwrap();
        while !*notified {
            notified = self.changed.wait(notified).unwrap();
        }
        *notified = false;
        true
    }

    fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

/// All threads of a model run on one thread of the test program, so this is loom's.
pub(crate) fn thread_mark() -> *mut Parker {
    loom::thread_local! {
        static MARK: Box<u64> = Box::new(0);
    }
    MARK.with(|mark| core::ptr::from_ref::<u64>(mark).cast_mut().cast())
}
