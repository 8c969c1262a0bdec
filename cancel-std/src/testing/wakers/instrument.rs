//! What a waker counts, and what it does besides.

use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) type Hook = Box<dyn Fn() + Send + Sync>;

/// What its wakers point to.
#[derive(Default)]
pub(super) struct Instrument {
    pub(super) on_wake: Option<Hook>,
    pub(super) on_clone: Option<Hook>,
    pub(super) on_drop: Option<Hook>,
    pub(super) wakes: AtomicUsize,
    pub(super) clones: AtomicUsize,
    pub(super) made: AtomicUsize,
    pub(super) drops: AtomicUsize,
}

// Orderings: SeqCst, so that a test may count on whatever order it sees. Speed does not matter.
impl Instrument {
    pub(super) fn woken(&self) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        self.on_wake.iter().for_each(|hook| hook());
    }

    pub(super) fn cloned(&self) {
        self.on_clone.iter().for_each(|hook| hook());
        // After the hook, which may panic: then there is no clone.
        self.clones.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn dropped(&self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
        self.on_drop.iter().for_each(|hook| hook());
    }
}
