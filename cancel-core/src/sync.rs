//! The one place that decides what atomics, cells, locks and caught panics are made of.
//!
//! | build | atomics | lock of a state word | panics of foreign code |
//! |---|---|---|---|
//! | `std` | `portable-atomic` | a bit of the word; waiting spins, yields, then sleeps | caught, resumed at the end |
//! | without `std` | `portable-atomic`, loads and stores only | `critical-section` | unwind through, the rest is served by `Drop` |
//! | `cfg(loom)` | loom | a bit of the word; waiting blocks in the model | as `std` |
//!
//! `portable-atomic` hands out the atomics of `core` wherever these exist.

#[cfg(not(loom))]
pub(crate) use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(any(feature = "alloc", loom))]
pub(crate) use core::sync::atomic::Ordering::AcqRel;
pub(crate) use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

#[cfg(feature = "alloc")]
mod abort;
#[cfg_attr(loom, path = "sync/cell_loom.rs")]
mod cell;
mod count;
#[cfg_attr(loom, path = "sync/lock_loom.rs")]
#[cfg_attr(all(not(loom), feature = "std"), path = "sync/lock_bit.rs")]
#[cfg_attr(
    all(not(loom), not(feature = "std")),
    path = "sync/lock_critical_section.rs"
)]
mod lock;
#[cfg_attr(
    all(test, not(loom), not(feature = "std")),
    path = "sync/meter_test.rs"
)]
pub(crate) mod meter;
#[cfg_attr(feature = "std", path = "sync/panic_std.rs")]
#[cfg_attr(not(feature = "std"), path = "sync/panic_core.rs")]
mod panic;
mod prefetch;

#[cfg(feature = "alloc")]
pub(crate) use abort::abort;
#[cfg(loom)]
pub use cell::LIVE;
pub(crate) use cell::{Life, LockedCell, WakerSlot};
pub(crate) use count::Count;
pub(crate) use lock::{CAN_WAIT, Held, Patience, Word};
pub(crate) use panic::Panics;
pub(crate) use prefetch::prefetch;

/// Whether there are nodes with several sources, and links to them: they live on the heap. (Known
/// here, so that programs without one do not have the code for them.)
pub(crate) const HAS_LINKS: bool = cfg!(feature = "alloc");

/// A count of handles, which shared tokens have: on the heap.
#[cfg(feature = "alloc")]
pub(crate) use AtomicU32 as Handles;

#[cfg(not(feature = "alloc"))]
#[derive(Debug)]
pub(crate) struct Handles;

#[cfg(not(feature = "alloc"))]
impl Handles {
    pub(crate) const fn new(_: u32) -> Self {
        Handles
    }
}

/// How many entries are handled before all locks are let go.
pub(crate) const HOLD: u32 = if cfg!(loom) {
    2
} else if cfg!(feature = "std") {
    32
} else {
    1
};

/// How many wakers are taken out at a time; they live on the canceller's stack.
pub(crate) const BATCH: usize = if cfg!(loom) {
    1
} else if cfg!(feature = "std") {
    32
} else {
    4
};

/// `const fn` everywhere but under loom, whose atomics cannot be made at compile time.
macro_rules! const_fn {
    ($(#[$attr:meta])* $vis:vis const fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg(not(loom))]
        $vis const fn $($rest)*
        $(#[$attr])*
        #[cfg(loom)]
        $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

/// A value made at compile time, where `const_fn` is one.
macro_rules! const_value {
    ($value:expr) => {{
        #[cfg(not(loom))]
        let value = const { $value };
        #[cfg(loom)]
        let value = $value;
        value
    }};
}
pub(crate) use const_value;
