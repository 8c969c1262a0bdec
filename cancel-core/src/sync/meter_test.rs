//! Counts the work done between the outermost lock and its unlock, on each thread: one for each lock
//! and each entry that is handled.

use core::cell::Cell;
use std::thread_local;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static STEPS: Cell<u32> = const { Cell::new(0) };
    static MOST: Cell<u32> = const { Cell::new(0) };
    static SECTIONS: Cell<u32> = const { Cell::new(0) };
}

pub(crate) fn enter() {
    DEPTH.set(DEPTH.get() + 1);
    step();
}

pub(crate) fn leave() {
    DEPTH.set(DEPTH.get() - 1);
    if DEPTH.get() == 0 {
        MOST.set(MOST.get().max(STEPS.take()));
        SECTIONS.set(SECTIONS.get() + 1);
    }
}

/// One entry is handled.
pub(crate) fn step() {
    STEPS.set(STEPS.get() + 1);
}

/// The most work that was done in one section, and how many sections there were.
pub(crate) fn measure(work: impl FnOnce()) -> (u32, u32) {
    assert_eq!(DEPTH.get(), 0);
    STEPS.set(0);
    MOST.set(0);
    SECTIONS.set(0);
    work();
    assert_eq!(DEPTH.get(), 0, "a lock was kept");
    (MOST.get(), SECTIONS.get())
}
