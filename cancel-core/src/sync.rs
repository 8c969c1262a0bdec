//! The one place that decides what atomics, cells, locks and caught panics are made of.
//!
//! | build | atomics | lock of a state word | panics of foreign code |
//! |---|---|---|---|
//! | `std` | `portable-atomic` | a bit of the word; waiting spins, yields, then sleeps | caught, resumed at the end |
//! | without `std` | `portable-atomic`, loads and stores only | `critical-section` | unwind through, the rest is served by `Drop` |
//! | `cfg(loom)` and the feature `loom` | loom | a bit of the word; waiting blocks in the model | as `std` |
//!
//! `portable-atomic` hands out the atomics of `core` wherever these exist.

#[cfg(not(all(loom, feature = "loom")))]
pub(crate) use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(all(loom, feature = "loom"))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(any(feature = "alloc", all(loom, feature = "loom")))]
pub(crate) use core::sync::atomic::Ordering::AcqRel;
pub(crate) use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

#[cfg(feature = "alloc")]
mod abort;
#[cfg_attr(all(loom, feature = "loom"), path = "sync/cell_loom.rs")]
mod cell;
mod count;
#[cfg_attr(all(loom, feature = "loom"), path = "sync/lock_loom.rs")]
#[cfg_attr(
    all(not(all(loom, feature = "loom")), feature = "std"),
    path = "sync/lock_bit.rs"
)]
#[cfg_attr(
    all(not(all(loom, feature = "loom")), not(feature = "std")),
    path = "sync/lock_critical_section.rs"
)]
mod lock;
#[cfg_attr(
    all(test, not(all(loom, feature = "loom")), not(feature = "std")),
    path = "sync/meter_test.rs"
)]
pub(crate) mod meter;
#[cfg_attr(feature = "std", path = "sync/panic_std.rs")]
#[cfg_attr(not(feature = "std"), path = "sync/panic_core.rs")]
mod panic;
mod prefetch;

#[cfg(feature = "alloc")]
pub(crate) use abort::abort;
#[cfg(all(loom, feature = "loom"))]
pub use cell::LIVE;
pub(crate) use cell::{Life, LockedCell, WakerSlot};
pub(crate) use count::Count;
pub(crate) use lock::{CAN_WAIT, Held, Patience, Word};
pub(crate) use panic::Panics;
pub(crate) use prefetch::prefetch;

/// No critical section does more when more wait: tests of the whole crate with the counting meter.
#[cfg(all(test, not(all(loom, feature = "loom")), not(feature = "std")))]
mod sections;

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
pub(crate) const HOLD: u32 = if cfg!(all(loom, feature = "loom")) {
    2
} else if cfg!(feature = "std") {
    32
} else {
    1
};

/// How many wakers are taken out at a time; they live on the canceller's stack.
pub(crate) const BATCH: usize = if cfg!(all(loom, feature = "loom")) {
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
        #[cfg(not(all(loom, feature = "loom")))]
        $vis const fn $($rest)*
        $(#[$attr])*
        #[cfg(all(loom, feature = "loom"))]
        $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

/// A value made at compile time, where `const_fn` is one.
macro_rules! const_value {
    ($value:expr) => {{
        #[cfg(not(all(loom, feature = "loom")))]
        let value = const { $value };
        #[cfg(all(loom, feature = "loom"))]
        let value = $value;
        value
    }};
}
pub(crate) use const_value;

/// Items of an `impl` that need a `static` made at compile time, which models do not have.
macro_rules! unless_loom {
    ($(#[$attr:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg(not(all(loom, feature = "loom")))]
        $vis fn $($rest)*
    };
}
pub(crate) use unless_loom;

/// A function that is to be inlined where code size does not matter.
macro_rules! inline_on_std {
    ($(#[$attr:meta])* $vis:vis unsafe fn $($rest:tt)*) => {
        $(#[$attr])*
        #[cfg_attr(feature = "std", inline(always))]
        $vis unsafe fn $($rest)*
    };
}
pub(crate) use inline_on_std;

/// The size of a type, known at compile time. (Those of a model are larger.)
macro_rules! assert_size {
    ($type:ty, at most $most:expr) => {
        #[cfg(not(all(loom, feature = "loom")))]
        const _: () = assert!(size_of::<$type>() <= $most);
    };
    ($type:ty, $size:expr) => {
        #[cfg(not(all(loom, feature = "loom")))]
        const _: () = assert!(size_of::<$type>() == $size);
    };
}
pub(crate) use assert_size;

/// A `static` atomic, which a model makes anew for each execution.
#[cfg(not(feature = "alloc"))]
macro_rules! atomic_static {
    (static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(not(all(loom, feature = "loom")))]
        static $name: $type = $value;
        #[cfg(all(loom, feature = "loom"))]
        loom::lazy_static! {
            static ref $name: $type = $value;
        }
    };
}
#[cfg(not(feature = "alloc"))]
pub(crate) use atomic_static;

/// A cause with a message, without a heap. (In a model, which has no such `static`, without the
/// message.)
#[cfg(not(feature = "alloc"))]
macro_rules! static_cause {
    ($reason:expr, $message:expr) => {{
        #[cfg(not(all(loom, feature = "loom")))]
        let cause = {
            static CAUSE: crate::StaticCause = crate::StaticCause::new($reason, $message);
            crate::Cause::from(&CAUSE)
        };
        #[cfg(all(loom, feature = "loom"))]
        let cause = crate::Cause::new($reason);
        cause
    }};
}
#[cfg(not(feature = "alloc"))]
pub(crate) use static_cause;

/// What models ask for, as items of the crate's root.
macro_rules! export_to_models {
    () => {
        #[cfg(all(loom, feature = "loom"))]
        #[doc(hidden)]
        pub use sync::LIVE;
    };
}
pub(crate) use export_to_models;
