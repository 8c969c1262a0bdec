//! The one place that decides what atomics, cells, locks and caught panics are made of.
//!
//! | build | atomics | lock of a state word | panics of foreign code |
//! |---|---|---|---|
//! | `std` | `portable-atomic` | a bit of the word; waiting spins, yields, then sleeps | caught, resumed at the end |
//! | without `std` | `portable-atomic`, loads and stores only | `critical-section` | unwind through, the rest is served by `Drop` |
//! | `cfg(loom)` and the feature `loom` | loom | a bit of the word; waiting blocks in the model | as `std` |
//!
//! `portable-atomic` hands out the atomics of `core` wherever these exist.

#[cfg(feature = "alloc")]
mod abort;
mod atomic;
mod build;
#[cfg_attr(
    all(test, not(all(loom, feature = "loom")), not(feature = "std")),
    path = "sync/meter_test.rs"
)]
pub(crate) mod meter;
#[cfg_attr(feature = "std", path = "sync/panic_std.rs")]
#[cfg_attr(not(feature = "std"), path = "sync/panic_core.rs")]
mod panic;
#[cfg(all(feature = "alloc", any(feature = "std", all(loom, feature = "loom"))))]
#[cfg_attr(all(loom, feature = "loom"), path = "sync/signal_loom.rs")]
#[cfg_attr(not(all(loom, feature = "loom")), path = "sync/signal_std.rs")]
mod signal;

#[cfg(feature = "alloc")]
#[cfg_attr(
    all(not(all(loom, feature = "loom")), not(feature = "std")),
    path = "sync/parker_none.rs"
)]
mod parker;
mod prefetch;

#[cfg(any(
    all(feature = "std", not(all(loom, feature = "loom"))),
    all(test, loom, feature = "loom")
))]
#[cfg_attr(all(loom, feature = "loom"), path = "sync/pause_loom.rs")]
#[cfg_attr(not(all(loom, feature = "loom")), path = "sync/pause_std.rs")]
mod pause;

#[cfg_attr(all(loom, feature = "loom"), path = "sync/cell_loom.rs")]
mod cell;
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

#[cfg(feature = "alloc")]
pub(crate) use abort::abort;
#[cfg(any(feature = "alloc", all(loom, feature = "loom")))]
pub(crate) use atomic::AcqRel;
pub(crate) use atomic::{Acquire, AtomicBool, AtomicPtr, AtomicU32, Relaxed, Release};
#[cfg(feature = "alloc")]
pub(crate) use build::FEW;
#[cfg(feature = "alloc")]
pub(crate) use build::without_std;
pub(crate) use build::{
    BATCH, HAS_LINKS, HOLD, Handles, QUIET_PASSES, assert_size, const_fn, const_value,
    export_to_models, inline_on_std, unless_loom, with_std,
};
#[cfg(not(feature = "alloc"))]
pub(crate) use build::{atomic_static, static_cause};
#[cfg(all(loom, feature = "loom"))]
pub use cell::LIVE;
pub(crate) use cell::{Life, LockedCell, WakerSlot};
pub(crate) use lock::{CAN_WAIT, Held, Patience, Word};
#[cfg(feature = "alloc")]
pub(crate) use panic::CATCHES;
pub use panic::Panics;
#[cfg(feature = "alloc")]
pub(crate) use parker::{Parker, thread_mark};
pub(crate) use prefetch::prefetch;

/// The lock of `std` builds, with models of its own: those of the tree have `lock_loom.rs` in its place.
#[cfg(all(test, loom, feature = "loom"))]
#[allow(dead_code)]
mod lock_bit;
#[cfg(all(test, loom, feature = "loom"))]
mod lock_bit_models;

/// No critical section does more when more wait: tests of the whole crate with the counting meter.
#[cfg(all(test, not(all(loom, feature = "loom")), not(feature = "std")))]
mod sections;
