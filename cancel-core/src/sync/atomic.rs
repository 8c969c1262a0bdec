//! The atomics of the build, and their orderings.

#[cfg(not(all(loom, feature = "loom")))]
pub(crate) use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(all(loom, feature = "loom"))]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32};

#[cfg(any(feature = "alloc", all(loom, feature = "loom")))]
pub(crate) use core::sync::atomic::Ordering::AcqRel;
pub(crate) use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
