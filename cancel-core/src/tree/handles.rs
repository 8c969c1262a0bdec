//! The count of a node's handles.
//!
//! Invariants (`N` node.rs)
//!
//! * M1: only the owner of a handle makes another one. So a count of 1 seen by the owner of a
//!   handle stays 1 until that owner does something about it, and needs no read-modify-write.
//! * M2: except for `MULTI` nodes, where dependents count too (N4) and a canceller may take a handle
//!   of its own (`try_retain`), and for those that have had a time limit, whose task may do so (T5 in
//!   timed.rs). Their count always goes down by read-modify-write, and one that has reached 0 stays
//!   there.

use crate::sync::{AcqRel, Acquire, Relaxed, abort};
use crate::tree::hub::Hub;

/// One handle more.
///
/// # Safety
///
/// `hub` belongs to a node that has a handle now.
#[inline]
pub(crate) unsafe fn retain(hub: *const Hub) {
    // Relaxed: a handle is made from one that its owner has; nothing is learnt from the count.
    // SAFETY: alive by the caller's promise.
    if unsafe { (*hub).handles.fetch_add(1, Relaxed) } > u32::MAX / 2 {
        abort("too many handles of one token");
    }
}

/// A handle of a node whose count goes down by read-modify-write, if it still has one (M2).
///
/// # Safety
///
/// `hub` is alive.
pub(crate) unsafe fn try_retain(hub: *const Hub) -> bool {
    // SAFETY: alive by the caller's promise.
    let handles = unsafe { &(*hub).handles };
    // Relaxed: as in `retain`; the decision alone counts.
    let mut seen = handles.load(Relaxed);
    while seen != 0 {
        match handles.compare_exchange_weak(seen, seen + 1, Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
    }
    false
}

/// Whether there is one handle: the caller's, which then stays the only one (M1) unless the flags, read
/// afterwards, have `MULTI` or `ARMED` (T5).
///
/// # Safety
///
/// The caller has a handle.
#[inline(always)]
pub(crate) unsafe fn is_sole(hub: *const Hub) -> bool {
    // Acquire: what the other owners did comes before the free, and before the flags are read: one that
    // has armed the node has said so.
    // SAFETY: alive while the caller has a handle.
    unsafe { (*hub).handles.load(Acquire) == 1 }
}

/// One handle less; true if it was the last.
///
/// # Safety
///
/// The caller has a handle, which is used up.
#[inline]
pub(crate) unsafe fn drop_one(hub: *const Hub) -> bool {
    // AcqRel: ours comes before the free by another owner, and theirs before ours.
    // SAFETY: alive while we have a handle.
    unsafe { (*hub).handles.fetch_sub(1, AcqRel) == 1 }
}

/// Gives back the handles of dependents that a canceller has taken out of a `MULTI` node.
///
/// # Safety
///
/// They are used up, and the caller sees to it that there is one more.
pub(crate) unsafe fn drop_some(hub: *const Hub, n: u32) {
    if n != 0 {
        // SAFETY: alive by that other handle. AcqRel: as in `drop_one`.
        unsafe { (*hub).handles.fetch_sub(n, AcqRel) };
    }
}
