//! As `signal_std.rs`, of loom's parts. (Time does not pass in a model.)

use loom::sync::{Condvar, Mutex};
use std::time::Instant;

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

    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        assert!(deadline.is_none());
        let mut notified = self.notified.lock().unwrap();
        while !*notified {
            notified = self.changed.wait(notified).unwrap();
        }
        *notified = false;
        true
    }

    pub(crate) fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

/// All threads of a model run on one thread of the test program, so this is loom's.
pub(crate) fn thread_mark() -> *mut u64 {
    loom::thread_local! {
        static MARK: Box<u64> = Box::new(0);
    }
    MARK.with(|mark| core::ptr::from_ref::<u64>(mark).cast_mut())
}
