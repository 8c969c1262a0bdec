//! Callbacks on the heap: a registration shared by whoever registered it and the canceller.
//!
//! Invariants
//!
//! * B1: a block has two owners: its `Registration` and the list (from which a canceller takes it
//!   over). The last one frees it.
//! * B2: the closure belongs to whoever sets `claimed` first: a canceller, which calls it, or the
//!   registration's drop, which drops it unused. A registration that takes its block out of the
//!   list is both owners at once.
//! * B3: all bookkeeping is done before the closure is called or dropped.

use crate::cause::Cancelled;
use crate::sync::{AcqRel, AtomicBool, AtomicU32, LockedCell, Panics, Release, meter};
use crate::tree::hub::Hub;
use crate::tree::list::{Entry, Kind};
use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::{self, addr_of, null};

#[repr(C)]
pub(crate) struct Block {
    entry: Entry,
    /// Whether its token was cancelled through an ancestor. Written by the canceller.
    inherited: LockedCell<bool>,
    claimed: AtomicBool,
    owners: AtomicU32,
    run: unsafe fn(*const Block, &Cancelled),
    discard: unsafe fn(*const Block),
    free: unsafe fn(*const Block),
}

#[repr(C)]
struct Full<F> {
    block: Block,
    closure: ManuallyDrop<F>,
}

impl Block {
    pub(crate) fn new<F: FnOnce(&Cancelled) + Send + 'static>(closure: F) -> *const Block {
        let full = Box::new(Full {
            block: Block {
                entry: Entry::new(Kind::Callback),
                inherited: LockedCell::new(false),
                claimed: AtomicBool::new(false),
                owners: AtomicU32::new(2),
                run: run::<F>,
                discard: discard::<F>,
                free: free::<F>,
            },
            closure: ManuallyDrop::new(closure),
        });
        Box::into_raw(full).cast()
    }

    /// Enters the callback, or calls it at once if the token is cancelled (then the block is gone).
    ///
    /// # Safety
    ///
    /// `this` is new. `hub` is alive.
    pub(crate) unsafe fn register(this: *const Block, hub: *const Hub) -> bool {
        // SAFETY: the block lives until both owners have let go (E4).
        unsafe {
            match Hub::register(hub, addr_of!((*this).entry)) {
                Ok(()) => true,
                Err(flags) => {
                    let cancelled = (*hub).cancelled(flags);
                    Self::let_go(this);
                    ((*this).run)(this, &cancelled);
                    false
                }
            }
        }
    }

    /// The registration goes: the callback does not start any more.
    ///
    /// # Safety
    ///
    /// `this` was registered with `hub`, which is alive; called once.
    pub(crate) unsafe fn deregister(this: *const Block, hub: *const Hub) {
        // SAFETY: B1, B2.
        unsafe {
            let was_in_list = Hub::deregister(hub, addr_of!((*this).entry));
            if was_in_list {
                Self::let_go(this); // the list's share
            }
            // AcqRel: the claim orders the closure's use between the two owners (B2).
            if was_in_list || !(*this).claimed.swap(true, AcqRel) {
                ((*this).discard)(this); // lets go, too
            } else {
                Self::let_go(this);
            }
        }
    }

    /// One owner less.
    ///
    /// # Safety
    ///
    /// The caller is an owner, and is none from now on.
    unsafe fn let_go(this: *const Block) {
        // AcqRel: the other owner's use of the block comes before the free.
        // SAFETY: alive while we own it.
        unsafe {
            if (*this).owners.fetch_sub(1, AcqRel) == 1 {
                ((*this).free)(this);
            }
        }
    }
}

/// Calls the closure. Uses up the caller's ownership first (B3).
unsafe fn run<F: FnOnce(&Cancelled)>(this: *const Block, cancelled: &Cancelled) {
    // SAFETY: the caller has claimed the closure (B2), so it is read once.
    let closure = unsafe { ptr::read(addr_of!((*this.cast::<Full<F>>()).closure)) };
    // SAFETY: the caller's ownership.
    unsafe { Block::let_go(this) };
    ManuallyDrop::into_inner(closure)(cancelled);
}

/// Drops the closure without calling it. Uses up the caller's ownership first (B3).
unsafe fn discard<F>(this: *const Block) {
    // SAFETY: as in `run`.
    let closure = unsafe { ptr::read(addr_of!((*this.cast::<Full<F>>()).closure)) };
    // SAFETY: the caller's ownership.
    unsafe { Block::let_go(this) };
    drop(ManuallyDrop::into_inner(closure));
}

unsafe fn free<F>(this: *const Block) {
    // SAFETY: made by `new::<F>`; the last owner is gone. The closure was moved out before.
    drop(unsafe { Box::from_raw(this.cast_mut().cast::<Full<F>>()) });
}

/// Callbacks that a canceller has taken out of the lists and is going to call, in order.
///
/// A chain through their entries, which nobody else touches any more.
pub(crate) struct Calls {
    first: *const Entry,
    last: *const Entry,
}

impl Calls {
    pub(crate) const fn new() -> Self {
        Calls {
            first: null(),
            last: null(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// Whether a callback goes into the chain: if it is on the heap, and no callback of the list, of
    /// which `last` is the last entry, has been moved to the back. (Else it has to go there, too, or
    /// would come before that.)
    ///
    /// # Safety
    ///
    /// Both are in a list whose lock is held.
    #[inline]
    pub(crate) unsafe fn can_add(entry: *const Entry, last: *const Entry) -> bool {
        // SAFETY: alive by the lock (E4).
        unsafe { (*entry).kind == Kind::Callback && !(*last).passed.get() }
    }

    /// # Safety
    ///
    /// `entry` is the head of a block in a list whose lock is held; the caller cuts it off.
    pub(crate) unsafe fn add(&mut self, entry: *const Entry, inherited: bool) {
        meter::step();
        // SAFETY: the list's ownership passes to the chain (B1).
        unsafe {
            (*entry.cast::<Block>()).inherited.set(inherited);
            (*entry).next.set(null());
            match self.last.is_null() {
                true => self.first = entry,
                false => (*self.last).next.set(entry),
            }
            self.last = entry;
            // Release: pairs with the Acquire in `Hub::deregister`. Not the last touch here: the
            // block stays alive by the chain's ownership.
            (*entry).queued.store(false, Release);
        }
    }

    /// Calls them all; what is left after a panic stays in the chain.
    pub(crate) fn run(&mut self, panics: &mut Panics, cancelled: impl Fn(bool) -> Cancelled) {
        while !self.first.is_null() {
            let block = self.first.cast::<Block>();
            // SAFETY: owned by the chain; B3.
            unsafe {
                self.first = (*block).entry.next.get();
                if self.first.is_null() {
                    self.last = null();
                }
                // AcqRel: see `deregister`.
                if (*block).claimed.swap(true, AcqRel) {
                    Block::let_go(block);
                } else {
                    let cancelled = cancelled((*block).inherited.get());
                    panics.guard(|| ((*block).run)(block, &cancelled));
                }
            }
        }
    }
}
