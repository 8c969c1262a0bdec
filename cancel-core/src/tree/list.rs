//! The list of registrations of a token: doubly linked, its entries live in their owners.
//!
//! Invariants
//!
//! * E1: the links of an entry, and the ends of a list, are read and written under the lock of the
//!   list's word (or by whoever alone knows the entry).
//! * E2: `next` of the last entry is null, and `prev` of the first one is the last (which saves the
//!   list a second pointer). No entry holds the address of the list, so a list that is moved while
//!   forgotten entries are still in it stays whole (`mem::forget` of a pinned, boxed wait is safe
//!   code and ends the borrow of the token).
//! * E3: dependents (children, links) stand in front of waiters and callbacks. New dependents are
//!   pushed to the front, adopted ones take the place of the node that they come from, and the others
//!   are pushed to the back, in the order in which they came.
//! * E4: an entry that is in a list is alive: its owner takes it out before it goes, or has been
//!   forgotten together with its memory.

use crate::sync::{AtomicBool, HAS_LINKS, LockedCell, const_fn, meter};
use core::ptr::null;

/// What an entry is the head of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// The `Node` of a child token.
    Child,
    /// The `Link` of an any/all token to one of its sources.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    Link,
    /// A `Waiter`: a future's waker.
    Waiter,
    /// A `Block`: a callback on the heap.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    Callback,
    /// A `Hook`: a callback in place.
    Hook,
    /// An entry alone, which marks a place in the list of a deadline (L3 in `scope/deadline.rs`).
    Mark,
}

impl Kind {
    #[inline(always)]
    pub(crate) fn is_link(self) -> bool {
        HAS_LINKS && matches!(self, Kind::Link)
    }

    #[inline(always)]
    pub(crate) fn is_dependent(self) -> bool {
        matches!(self, Kind::Child) || self.is_link()
    }
}

/// A registration: first field of whatever is registered.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry {
    pub(crate) next: LockedCell<*const Entry>,
    pub(crate) prev: LockedCell<*const Entry>,
    pub(crate) kind: Kind,
    /// In the list. Written under the lock; waiters and callbacks read it without (H4 in hub.rs).
    pub(crate) queued: AtomicBool,
    /// Of a future, for its owner alone: it has given its result. Of what stands in place: it has been
    /// entered (K3 in hook.rs, `enter_once` in node.rs).
    pub(crate) spent: LockedCell<bool>,
    /// A callback that a canceller has moved to the back, to come to it when no waiter is left.
    pub(crate) passed: LockedCell<bool>,
}

impl Entry {
    const_fn! {
    pub(crate) const fn new(kind: Kind) -> Self {
        Entry {
            next: LockedCell::new(null()),
            prev: LockedCell::new(null()),
            kind,
            queued: AtomicBool::new(false),
            spent: LockedCell::new(false),
            passed: LockedCell::new(false),
        }
    }
    }
}

#[derive(Debug)]
pub(crate) struct List {
    first: LockedCell<*const Entry>,
}

// The functions take the lock (E1) and the liveness of the entries (E4) as their callers' promise.
#[allow(clippy::missing_safety_doc)]
impl List {
    const_fn! {
        pub(crate) const fn new() -> Self {
            List {
                first: LockedCell::new(null()),
            }
        }
    }

    #[inline(always)]
    pub(crate) unsafe fn first(&self) -> *const Entry {
        // SAFETY: E1.
        unsafe { self.first.get() }
    }

    #[inline(always)]
    pub(crate) unsafe fn is_empty(&self) -> bool {
        // SAFETY: E1.
        unsafe { self.first.get().is_null() }
    }

    /// Null if there is none.
    #[inline(always)]
    pub(crate) unsafe fn last(&self) -> *const Entry {
        // SAFETY: E1, E4.
        unsafe { self.walk().last }
    }

    #[inline]
    pub(crate) unsafe fn push_back(&self, entry: *const Entry) {
        meter::step();
        // SAFETY: E1, E4.
        unsafe {
            let first = self.first.get();
            (*entry).next.set(null());
            if first.is_null() {
                (*entry).prev.set(entry);
                self.first.set(entry);
            } else {
                let last = (*first).prev.get();
                (*entry).prev.set(last);
                (*last).next.set(entry);
                (*first).prev.set(entry);
            }
        }
    }

    #[inline]
    pub(crate) unsafe fn push_front(&self, entry: *const Entry) {
        meter::step();
        // SAFETY: E1, E4.
        unsafe {
            let first = self.first.get();
            (*entry).next.set(first);
            if first.is_null() {
                (*entry).prev.set(entry);
            } else {
                (*entry).prev.set((*first).prev.get());
                (*first).prev.set(entry);
            }
            self.first.set(entry);
        }
    }

    /// Puts `entry` in front of `place`, which is in this list.
    #[inline]
    pub(crate) unsafe fn insert_before(&self, place: *const Entry, entry: *const Entry) {
        // SAFETY: E1, E4.
        unsafe {
            if self.first.get() == place {
                return self.push_front(entry);
            }
            meter::step();
            let prev = (*place).prev.get();
            (*entry).prev.set(prev);
            (*entry).next.set(place);
            (*prev).next.set(entry);
            (*place).prev.set(entry);
        }
    }

    #[inline]
    pub(crate) unsafe fn unlink(&self, entry: *const Entry) {
        meter::step();
        // SAFETY: E1, E4; `entry` is in this list.
        unsafe {
            let first = self.first.get();
            let (prev, next) = ((*entry).prev.get(), (*entry).next.get());
            if entry == first {
                self.first.set(next);
                if !next.is_null() {
                    (*next).prev.set(prev);
                }
            } else {
                (*prev).next.set(next);
                let holds_prev = if next.is_null() { first } else { next };
                (*holds_prev).prev.set(prev);
            }
        }
    }

    #[inline(always)]
    pub(crate) unsafe fn clear(&self) {
        // SAFETY: E1. No entry is touched.
        unsafe { self.first.set(null()) }
    }

    /// A place to walk on from that stays good when the entries passed are gone.
    #[inline(always)]
    pub(crate) unsafe fn walk(&self) -> Walk {
        // SAFETY: E1, E4.
        unsafe {
            let first = self.first.get();
            let last = if first.is_null() {
                first
            } else {
                (*first).prev.get()
            };
            Walk { first, last }
        }
    }

    /// Drops everything in front of `entry` (null: everything) out of the list.
    ///
    /// The entries dropped need not be alive any more (a waiter is not once its waker is taken), so
    /// nothing here looks at them. `walk` was taken before they were passed,
    /// and nothing was added or unlinked since.
    #[inline(always)]
    pub(crate) unsafe fn cut_before(&self, entry: *const Entry, walk: Walk) {
        // SAFETY: E1, E4; `entry` is in this list, so the last one is as well.
        unsafe {
            self.first.set(entry);
            if !entry.is_null() {
                (*entry).prev.set(walk.last);
            }
        }
    }
}

/// The ends of a list when a walk through it began.
#[derive(Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) first: *const Entry,
    pub(crate) last: *const Entry,
}

#[cfg(test)]
mod tests;
