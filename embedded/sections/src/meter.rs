//! Critical sections that measure themselves.
//!
//! An outermost section counts the instructions between turning interrupts off and on again. What the
//! measuring itself takes is measured first, and taken off: a fixed number for each section, and one
//! for each section nested in it.

use board::{count, nops, section};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use critical_section::{RawRestoreState, set_impl, with};

static DEPTH: AtomicU32 = AtomicU32::new(0);
static BEGIN: AtomicU32 = AtomicU32::new(0);
/// Sections nested in the one that is open.
static NESTED: AtomicU32 = AtomicU32::new(0);
/// The longest section since it was reset, in counts, without what measuring takes.
static LONGEST: AtomicU32 = AtomicU32::new(0);
/// How many there were.
static SECTIONS: AtomicU32 = AtomicU32::new(0);

/// Counts of a thousand instructions.
static THOUSAND: AtomicU32 = AtomicU32::new(0);
/// Counts that an empty section takes.
static EMPTY: AtomicU32 = AtomicU32::new(0);
/// Counts that an empty nested section adds.
static EMPTY_NESTED: AtomicU32 = AtomicU32::new(0);

struct Metered;
set_impl!(Metered);

// SAFETY: interrupts of the only core are off between the two.
unsafe impl critical_section::Impl for Metered {
    unsafe fn acquire() -> RawRestoreState {
        acquire()
    }

    unsafe fn release(on: RawRestoreState) {
        finish();
        // SAFETY: what `acquire` returned, in the opposite order, by the caller's promise.
        unsafe { section::leave(on) }
    }
}

// (Not inlined, so that each takes the same everywhere.)
#[inline(never)]
fn acquire() -> bool {
    let on = section::enter();
    let depth = DEPTH.load(Relaxed);
    DEPTH.store(depth + 1, Relaxed);
    if depth == 0 {
        NESTED.store(0, Relaxed);
        BEGIN.store(count::now(), Relaxed);
    } else {
        NESTED.store(NESTED.load(Relaxed) + 1, Relaxed);
    }
    on
}

#[inline(never)]
fn finish() {
    let depth = DEPTH.load(Relaxed) - 1;
    DEPTH.store(depth, Relaxed);
    if depth == 0 {
        let counts = since(BEGIN.load(Relaxed));
        let measuring = EMPTY.load(Relaxed) + NESTED.load(Relaxed) * EMPTY_NESTED.load(Relaxed);
        let counts = counts.saturating_sub(measuring);
        if counts > LONGEST.load(Relaxed) {
            LONGEST.store(counts, Relaxed);
        }
        SECTIONS.store(SECTIONS.load(Relaxed) + 1, Relaxed);
    }
}

fn since(begin: u32) -> u32 {
    count::now().wrapping_sub(begin) & (u32::MAX >> (32 - count::BITS))
}

/// What a piece of code did with interrupts off.
pub(crate) struct Measured {
    /// Instructions of the longest section.
    pub(crate) longest: u32,
    /// How many sections there were, those nested in others not counted.
    pub(crate) sections: u32,
}

/// Starts the counter, and measures the measuring.
pub(crate) fn start() {
    count::start();
    let begin = count::now();
    nops();
    THOUSAND.store(since(begin), Relaxed);
    let empty = longest(|| with(|_| {}));
    let nested = longest(|| with(|_| with(|_| {})));
    EMPTY.store(empty, Relaxed);
    EMPTY_NESTED.store(nested - empty, Relaxed);
}

fn longest(code: impl FnOnce()) -> u32 {
    LONGEST.store(0, Relaxed);
    SECTIONS.store(0, Relaxed);
    code();
    LONGEST.load(Relaxed)
}

/// Runs it, and says what it did.
pub(crate) fn measure(code: impl FnOnce()) -> Measured {
    let counts = longest(code);
    let thousand = THOUSAND.load(Relaxed);
    Measured {
        longest: (counts * 1000 + thousand / 2) / thousand,
        sections: SECTIONS.load(Relaxed),
    }
}
