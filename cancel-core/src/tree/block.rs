//! Callbacks on the heap: a registration shared by whoever registered it and the canceller.
//!
//! Invariants (`E` list.rs, `H` hub.rs, `N` node.rs)
//!
//! * B1: a block has two owners: its `Registration` and the list (from which a canceller takes it
//!   over). The last one frees it. `detach` gives the registration's share away at once.
//! * B2: the closure belongs to whoever leaves `IDLE` first: a canceller, which calls it, or the
//!   registration, which drops it unused. A registration that takes its block out of the list is both
//!   owners at once.
//! * B3: all bookkeeping is done before the closure is called or dropped, but for what says that the
//!   call is over: that a guard does, also when the closure panics.
//! * B4: a block that is in the list of a token when that goes belongs to whoever lets the token go
//!   (`Orphans`). Its registration has been detached or forgotten: one that could still be used would
//!   keep the token.
//!
//! ```text
//!        canceller (`Calls::run`)                        `Ending`
//!  IDLE ─────────────────────────▶ mark of its thread ──────────▶ DONE
//!   │                                   │ `wait_for_end`            ▲
//!   │ registration goes                 ▼                           │
//!   │                                a `Parker` ────────────────────┤ (unparked)
//!   └───────────────────────────────────────────────────────────────┘
//! ```

use crate::cause::Cancelled;
use crate::sync::{
    AcqRel, Acquire, AtomicPtr, AtomicU32, Life, LockedCell, Panics, Parker, Relaxed, Release,
    meter, thread_mark, with_std,
};
use crate::tree::hub::Hub;
use crate::tree::list::{Entry, Kind};
use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::{self, addr_of, null, null_mut};

/// Not called, and not dropped.
const IDLE: *mut Parker = null_mut();
/// The call is over, or there will be none. (No address of anything.)
const DONE: *mut Parker = ptr::without_provenance_mut(1);

#[repr(C)]
pub(crate) struct Block {
    entry: Entry,
    /// Whether its token was cancelled through an ancestor. Written by the canceller.
    inherited: LockedCell<bool>,
    owners: AtomicU32,
    /// `IDLE`, the mark of the thread that calls it, the parker of who waits for the end, or `DONE`.
    phase: AtomicPtr<Parker>,
    does: &'static Does,
    life: Life,
}

/// What can be done with a closure of some type. All use up the caller's ownership of the block.
struct Does {
    run: unsafe fn(*const Block, *mut Parker, &Cancelled),
    discard: unsafe fn(*const Block),
    free: unsafe fn(*const Block),
}

#[repr(C)]
struct Full<F> {
    block: Block,
    closure: ManuallyDrop<F>,
}

impl<F: FnOnce(&Cancelled) + Send + 'static> Full<F> {
    const DOES: Does = Does {
        run: run::<F>,
        discard: discard::<F>,
        free: free::<F>,
    };
}

impl Block {
    pub(crate) fn new<F: FnOnce(&Cancelled) + Send + 'static>(closure: F) -> *const Block {
        let full = Box::new(Full {
            block: Block {
                entry: Entry::new(Kind::Callback),
                inherited: LockedCell::new(false),
                owners: AtomicU32::new(2),
                phase: AtomicPtr::new(IDLE),
                does: &Full::<F>::DOES,
                life: Life::new(),
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
                    ((*this).does.run)(this, IDLE, &cancelled);
                    false
                }
            }
        }
    }

    /// The registration goes: the callback does not start any more. True: nor has it started.
    ///
    /// # Safety
    ///
    /// `this` was registered with `hub`, which is alive. The registration's share is used up.
    pub(crate) unsafe fn deregister(this: *const Block, hub: *const Hub) -> bool {
        // SAFETY: B1, B2.
        unsafe {
            let unused = Self::withdraw(this, hub);
            if !unused {
                Self::let_go(this);
            }
            unused
        }
    }

    /// Takes the callback back if it has not started. True: it is dropped, and the share used up.
    ///
    /// # Safety
    ///
    /// As for [`deregister`](Block::deregister).
    unsafe fn withdraw(this: *const Block, hub: *const Hub) -> bool {
        // SAFETY: B1, B2.
        unsafe {
            let was_in_list = Hub::deregister(hub, addr_of!((*this).entry));
            if was_in_list {
                Self::let_go(this); // the list's share
            }
            let ours = was_in_list || Self::claim(this, DONE);
            if ours {
                ((*this).does.discard)(this);
            }
            ours
        }
    }

    /// The registration goes, and the callback stays: whoever has the list's share frees it.
    ///
    /// # Safety
    ///
    /// The registration's share is used up.
    pub(crate) unsafe fn detach(this: *const Block) {
        // SAFETY: B1.
        unsafe { Self::let_go(this) }
    }

    /// Takes the closure (B2), for a thread or for good.
    ///
    /// # Safety
    ///
    /// The caller is an owner.
    unsafe fn claim(this: *const Block, phase: *mut Parker) -> bool {
        // AcqRel: the claim orders the closure's use between the two owners.
        // SAFETY: alive while we own it.
        let claimed = unsafe { &(*this).phase }.compare_exchange(IDLE, phase, AcqRel, Acquire);
        claimed.is_ok()
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
            (*this).life.touch();
            if (*this).owners.fetch_sub(1, AcqRel) == 1 {
                ((*this).does.free)(this);
            }
        }
    }
}

with_std! {
impl Block {
    /// The same, and if the callback is running on another thread, waits until it has returned.
    ///
    /// # Safety
    ///
    /// As for [`deregister`](Block::deregister).
    pub(crate) unsafe fn deregister_and_wait(this: *const Block, hub: *const Hub) -> bool {
        // SAFETY: B1, B2; our share keeps the block while we wait.
        unsafe {
            let unused = Self::withdraw(this, hub);
            if !unused {
                Self::wait_for_end(this);
                Self::let_go(this);
            }
            unused
        }
    }

    /// Waits until the call is over that a canceller has begun; not from inside that call.
    ///
    /// # Safety
    ///
    /// The caller has the registration's share, so nobody else waits.
    unsafe fn wait_for_end(this: *const Block) {
        // SAFETY: alive while we own it.
        let phase = unsafe { &(*this).phase };
        // Acquire: pairs with `Ending`: what the callback has done is visible.
        let seen = phase.load(Acquire);
        if seen == DONE || seen == thread_mark() {
            return;
        }
        Parker::wait(|parker| {
            // AcqRel: shows the parker whole; and if the call is over by now, as above.
            phase.compare_exchange(seen, parker, AcqRel, Acquire).is_ok()
        });
    }
}
}

/// A call that is under way. Says so when it is over, and lets go of the block.
struct Ending {
    block: *const Block,
    /// What its `phase` is if nobody waits.
    mark: *mut Parker,
}

impl Drop for Ending {
    fn drop(&mut self) {
        // SAFETY: the caller's ownership (B1).
        unsafe {
            // AcqRel: pairs with `wait_for_end`, both ways.
            let seen = (*self.block).phase.swap(DONE, AcqRel);
            Block::let_go(self.block);
            if seen != self.mark {
                Parker::unpark(seen);
            }
        }
    }
}

/// Calls the closure. `mark`: what the phase is now.
unsafe fn run<F: FnOnce(&Cancelled)>(this: *const Block, mark: *mut Parker, why: &Cancelled) {
    // SAFETY: the caller has claimed the closure (B2), so it is read once.
    let closure = unsafe { ptr::read(addr_of!((*this.cast::<Full<F>>()).closure)) };
    let _ending = Ending { block: this, mark };
    ManuallyDrop::into_inner(closure)(why);
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
    unsafe {
        if (*this).life.end() {
            drop(Box::from_raw(this.cast_mut().cast::<Full<F>>()));
        }
    }
}

/// The callbacks that are left in the list of a token that goes (B4). They are dropped unused; or, if
/// the token is cancelled and the canceller had not come to them yet, called. Either happens when this
/// is dropped, which is to be after the token's memory is settled.
#[must_use]
pub(crate) struct Orphans {
    first: *const Entry,
    /// Of the token, if it is cancelled.
    cancelled: Option<Cancelled>,
}

impl Orphans {
    /// # Safety
    ///
    /// Nobody else can reach `hub` any more, and its list is not used after this.
    #[inline(always)]
    pub(crate) unsafe fn of(hub: *const Hub) -> Self {
        // SAFETY: exclusive.
        unsafe {
            let first = (*hub).list.first();
            let cancelled = match first.is_null() {
                true => None,
                false => (*hub).cause(),
            };
            Orphans { first, cancelled }
        }
    }

    /// Drops or calls the first one, and goes on behind it.
    unsafe fn next(&mut self, panics: &mut Panics) {
        // SAFETY: entries that were in a list are alive until they are taken out (E4), here one after
        // the other. What else is in the list is forgotten, and nobody's (N6).
        unsafe {
            let entry = self.first;
            self.first = (*entry).next.get();
            if (*entry).kind != Kind::Callback {
                return;
            }
            let block = entry.cast::<Block>();
            // B4: both shares are ours, or the one that is left is. Relaxed: nobody else looks.
            (*block).owners.store(1, Relaxed);
            panics.guard(|| match &self.cancelled {
                Some(cancelled) => ((*block).does.run)(block, IDLE, cancelled),
                None => ((*block).does.discard)(block),
            });
        }
    }
}

impl Orphans {
    #[cold]
    #[inline(never)]
    fn serve(&mut self) {
        let mut panics = Panics::new();
        let rest = Rest(self);
        while !rest.0.first.is_null() {
            // SAFETY: there is one.
            unsafe { rest.0.next(&mut panics) };
        }
        core::mem::forget(rest);
        panics.resume_unless_unwinding();
    }
}

impl Drop for Orphans {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.first.is_null() {
            self.serve();
        }
    }
}

/// A panic on its way through (without `std`): the rest is served first.
struct Rest<'o>(&'o mut Orphans);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        self.0.serve();
    }
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
                let mark = thread_mark();
                if Block::claim(block, mark) {
                    let cancelled = cancelled((*block).inherited.get());
                    panics.guard(|| ((*block).does.run)(block, mark, &cancelled));
                } else {
                    Block::let_go(block);
                }
            }
        }
    }
}
