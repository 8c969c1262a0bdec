//! What can be cancelled and registered with: state word, cause, list.
//!
//! Invariants (`E` in list.rs, `D` in cause/detail.rs, `S` in cause/slot.rs)
//!
//! * H1: the flags of the word change under its lock only, or (a cancel that has nobody to tell) by
//!   one compare-and-swap of an unlocked word.
//! * H2: `cause` is written once, under the lock, before the `CANCELLED` flag is stored with
//!   `Release`. Whoever has loaded the flag with `Acquire` sees it whole.
//! * H3: foreign code (a waker's wake, clone and drop, callbacks, the drop of a cause) never runs
//!   while a lock is held.
//! * H4: a waiter's `queued` is true exactly while its entry is in the list. Setting it to false is
//!   the last touch: its owner may then free it without a lock.
//! * H5: lock order: a source before its dependents. Who holds a dependent may only *try* its
//!   source. Sources and dependents form a DAG: adoption replaces a path by a shorter one, and what
//!   is put between a node and its dependents (a canceller's lists, a marker) is new and has no other
//!   source. So the order has no cycle.

use crate::cause::Cancelled;
use crate::cause::TokenId;
use crate::cause::{Said, Slot, Why};
use crate::sync::{
    Acquire, Handles, Held, Life, Relaxed, Release, WakerSlot, Word, assert_size, const_fn, meter,
};
use crate::tree::list::{Entry, Kind, List};
use crate::tree::state::{CANCELLED, INHERITED, NEVER, NONEMPTY};
use core::ptr::addr_of;
use core::task::{Poll, Waker};

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Hub {
    pub(crate) word: Word,
    /// Of a shared node (and dependents of a `MULTI` one). Unused in place.
    pub(crate) handles: Handles,
    pub(crate) cause: Slot,
    pub(crate) list: List,
    pub(crate) life: Life,
}

/// A future's entry.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Waiter {
    pub(crate) entry: Entry,
    pub(crate) waker: WakerSlot,
}

impl Waiter {
    pub(crate) fn new() -> Self {
        Waiter {
            entry: Entry::new(Kind::Waiter),
            waker: WakerSlot::new(),
        }
    }
}

// (One word has room for state and handles.)
assert_size!(
    Hub,
    (4 + size_of::<Handles>()).next_multiple_of(align_of::<usize>()) + 2 * size_of::<usize>()
);

impl Hub {
    const_fn! {
        /// One in place, without handles. (All zero if live: a static token takes no flash.)
        pub(crate) const fn new(flags: u32) -> Self {
            Hub::with_handles(flags, 0)
        }
    }

    const_fn! {
        pub(crate) const fn with_handles(flags: u32, handles: u32) -> Self {
            Hub {
                word: Word::new(flags),
                handles: Handles::new(handles),
                cause: Slot::new(),
                list: List::new(),
                life: Life::new(),
            }
        }
    }

    #[inline(always)]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.word.load() & CANCELLED != 0
    }

    #[inline(always)]
    pub(crate) fn may_be_cancelled(&self) -> bool {
        self.word.load() & NEVER == 0
    }

    /// Who cancelled it, and why.
    #[inline]
    pub(crate) fn cause(&self) -> Option<Cancelled> {
        let flags = self.word.load();
        (flags & CANCELLED != 0).then(|| self.cancelled(flags))
    }

    /// `flags`: as loaded, with `CANCELLED`.
    pub(crate) fn cancelled(&self, flags: u32) -> Cancelled {
        self.life.touch();
        // The load of `CANCELLED` was the Acquire (H2).
        // SAFETY: the hub's own reference keeps the block alive (D1).
        unsafe { cancelled(self.cause.get(), self.id(), flags, flags & INHERITED != 0) }
    }

    #[inline]
    pub(crate) fn id(&self) -> TokenId {
        TokenId::of(self)
    }

    /// # Safety
    ///
    /// `this` stays alive until it is unlocked.
    #[inline(always)]
    pub(crate) unsafe fn lock(this: *const Hub) -> Held {
        // SAFETY: passed on.
        unsafe {
            (*this).life.touch();
            Word::lock(addr_of!((*this).word))
        }
    }

    /// # Safety
    ///
    /// As for [`lock`](Hub::lock).
    #[inline(always)]
    pub(crate) unsafe fn try_lock(this: *const Hub) -> Option<Held> {
        // SAFETY: passed on.
        unsafe {
            (*this).life.touch();
            Word::try_lock(addr_of!((*this).word))
        }
    }

    /// # Safety
    ///
    /// `held` came from locking `this`, and is the youngest lock held if there is no `std`.
    #[inline(always)]
    pub(crate) unsafe fn unlock(this: *const Hub, held: Held) {
        // SAFETY: passed on.
        unsafe {
            (*this).life.touch();
            Word::unlock(addr_of!((*this).word), held)
        }
    }

    /// Puts an entry at the end of the list, unless cancelled: then the flags are the answer.
    ///
    /// # Safety
    ///
    /// `entry` stays alive until it is out of the list (E4), and is in none. `this` is alive.
    #[inline]
    pub(crate) unsafe fn register(this: *const Hub, entry: *const Entry) -> Result<(), u32> {
        // SAFETY: alive; E1 by the lock.
        unsafe {
            let mut held = Self::lock(this);
            let flags = held.flags;
            if flags & CANCELLED == 0 {
                (*this).list.push_back(entry);
                // Relaxed: read by the owner (this thread) or under the lock.
                (*entry).queued.store(true, Relaxed);
                held.flags |= NONEMPTY;
            }
            Self::unlock(this, held);
            if flags & CANCELLED == 0 {
                Ok(())
            } else {
                Err(flags)
            }
        }
    }

    /// Takes an entry out if it is still in the list, and says whether it was. If it was not, a
    /// canceller has it or had it.
    ///
    /// # Safety
    ///
    /// `entry` has been registered here, or never anywhere. `this` is alive.
    #[inline]
    pub(crate) unsafe fn deregister(this: *const Hub, entry: *const Entry) -> bool {
        // SAFETY: alive; E1 by the lock; what is queued is in the list (H4).
        unsafe {
            // Acquire: pairs with the canceller's store of false (H4); everything it did with the
            // entry happened before we let the memory go.
            if !(*entry).queued.load(Acquire) {
                return false;
            }
            let mut held = Self::lock(this);
            let was = (*entry).queued.load(Relaxed);
            if was {
                (*this).list.unlink(entry);
                (*entry).queued.store(false, Relaxed);
                if (*this).list.is_empty() {
                    held.flags &= !NONEMPTY;
                }
            }
            Self::unlock(this, held);
            was
        }
    }

    /// Enters a future: `Err` (with the flags) if cancelled.
    ///
    /// # Safety
    ///
    /// `waiter` stays alive and in place until it has been deregistered (E4), is in no list, and is
    /// used by this thread alone. `this` is alive.
    #[inline]
    pub(crate) unsafe fn wait(
        this: *const Hub,
        waiter: *const Waiter,
        waker: Waker,
    ) -> Result<(), u32> {
        // SAFETY: the waiter is in no list, so nobody else looks at the slot.
        unsafe {
            (*waiter).waker.put(waker);
            let entered = Self::register(this, addr_of!((*waiter).entry));
            if entered.is_err() {
                // H3: dropped here, outside the lock.
                drop((*waiter).waker.take());
            }
            entered
        }
    }

    /// Enters a future, or gives it another waker if it is in the list with one that wakes another
    /// task. Ready, with the flags: cancelled, or a canceller has just taken it out.
    ///
    /// # Safety
    ///
    /// As for [`wait`](Hub::wait), but it may be in the list, with this `this` each time.
    #[inline]
    pub(crate) unsafe fn enter(
        this: *const Hub,
        waiter: *const Waiter,
        waker: &Waker,
    ) -> Poll<u32> {
        // SAFETY: passed on; `queued` tells which.
        unsafe {
            // Acquire: pairs with the canceller's store of false (H4): it is done with the slot, which
            // we are going to write. (Free of cost on most machines; loom finds the race without.)
            if (*waiter).entry.queued.load(Acquire) {
                // H3: cloned outside the lock.
                if (*waiter).waker.will_wake(waker) || Self::replace(this, waiter, waker.clone()) {
                    return Poll::Pending;
                }
                return Poll::Ready((*this).word.load());
            }
            match Self::wait(this, waiter, waker.clone()) {
                Ok(()) => Poll::Pending,
                Err(flags) => Poll::Ready(flags),
            }
        }
    }

    /// Replaces the waker of a future that is in the list. False: a canceller has taken it.
    ///
    /// # Safety
    ///
    /// `waiter` has been entered here. `this` is alive.
    #[cold]
    pub(crate) unsafe fn replace(this: *const Hub, waiter: *const Waiter, waker: Waker) -> bool {
        // SAFETY: the slot is guarded by the lock while queued.
        unsafe {
            let held = Self::lock(this);
            let queued = (*waiter).entry.queued.load(Relaxed);
            let mut other = waker;
            if queued {
                let old = (*waiter).waker.take();
                (*waiter).waker.put(other);
                other = old;
            }
            Self::unlock(this, held);
            // H3: whichever it is, it goes outside the lock.
            drop(other);
            queued
        }
    }

    /// Takes a future out, if it is still in.
    ///
    /// # Safety
    ///
    /// `waiter` has been entered here, or never anywhere. `this` is alive.
    #[inline]
    pub(crate) unsafe fn leave(this: *const Hub, waiter: *const Waiter) {
        // SAFETY: passed on; the slot is ours again once the entry is out.
        unsafe {
            if Self::deregister(this, addr_of!((*waiter).entry)) {
                drop((*waiter).waker.take());
            }
        }
    }

    /// Takes a waker out of a waiter at the front of the list.
    ///
    /// # Safety
    ///
    /// Under the lock; the caller cuts the entry off.
    #[inline(always)]
    pub(crate) unsafe fn take_waker(waiter: *const Waiter) -> Waker {
        meter::step();
        // SAFETY: queued, so the slot has a waker.
        unsafe {
            let waker = (*waiter).waker.take();
            // Release: pairs with the Acquire in `deregister` (H4).
            (*waiter).entry.queued.store(false, Release);
            waker
        }
    }
}

impl Hub {
    /// Ends its life. True: the memory may be given back, with the hub in it. (A model keeps the memory,
    /// so there the hub lets go of its cause here.)
    ///
    /// # Safety
    ///
    /// Nobody else can reach `this` any more.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) unsafe fn end(this: *const Hub) -> bool {
        // SAFETY: exclusive by the caller's promise; not dropped after `false`.
        unsafe {
            let frees = (*this).life.end();
            if !frees {
                (*this).cause.give_back();
            }
            frees
        }
    }
}

impl Drop for Hub {
    #[inline]
    fn drop(&mut self) {
        self.life.end();
        // (Then the slot gives its reference back, S2.)
    }
}

/// What a token at `own` says that has `said` in its slot.
///
/// # Safety
///
/// The block of `said` is alive.
pub(crate) unsafe fn cancelled(said: Said, own: TokenId, flags: u32, inherited: bool) -> Cancelled {
    // SAFETY: by the caller's promise.
    let (detail, origin) = unsafe { said.read(own) };
    Cancelled::new(Why::from_bits(flags, inherited), detail, origin)
}
