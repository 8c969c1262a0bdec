//! `Notice`: a signal that arrived, and whether anybody did something about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by all listeners that hear of the signal. If it is dropped before any of them took it,
/// `missed` is called: the signal came too late for all of them, and must not get lost.
#[derive(Debug)]
pub(super) struct Notice {
    signal: i32,
    taken: AtomicBool,
    missed: fn(i32),
}

impl Notice {
    pub(super) fn new(signal: i32, missed: fn(i32)) -> Arc<Notice> {
        Arc::new(Notice {
            signal,
            taken: AtomicBool::new(false),
            missed,
        })
    }

    pub(super) fn signal(&self) -> i32 {
        self.signal
    }

    pub(super) fn take(&self) {
        // Relaxed: read by the last owner only, whom the counter of the `Arc` orders after this.
        self.taken.store(true, Ordering::Relaxed);
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        if !*self.taken.get_mut() {
            (self.missed)(self.signal);
        }
    }
}
