//! Timeouts of nodes: what a token and the task that keeps its time have in common.
//!
//! ```text
//!   node ── slot, tag 2, while live and TIMED ──▶ block ◀── task: sleeps, waits for the block to close
//!     ▲                                             │
//!     └── target, until it is closed ───────────────┘
//! ```
//!
//! Invariants (`H` hub.rs, `N` node.rs, `M` handles.rs, `S` cause/slot.rs)
//!
//! * T1: `TIMED` says that the slot of a live node has a block. It is one of the reason's bits, which
//!   mean nothing while a token is live. Flag and slot change together, under the node's lock.
//! * T2: a block is owned by the slot (from which a [`Closed`] takes it over) and by the task. The last
//!   owner frees it.
//! * T3: `target` is guarded by the block's lock, and is the node until the block is closed. Whoever
//!   takes the block out of the slot closes it before the node's lock is let go. A node is freed when it
//!   is not `TIMED`. So a target that is not null is alive for as long as the block's lock is held.
//! * T4: lock order: a node before its block. The task holds the block's lock alone: it takes a handle of
//!   the target, lets the lock go, and cancels then.
//! * T5: `ARMED` says for ever that a node has had a block. Once it is set, the task may take a handle
//!   between any two steps of an owner. So the count of such nodes goes down by read-modify-write, as
//!   that of `MULTI` ones, and the task takes none from 0 (`try_retain`). (`ARMED` and `MULTI` share no
//!   bit, but `ARMED` is `ALL`, which means nothing without `MULTI`.) It is set by the owner of a handle
//!   under the lock. Who reads the count as 1 with Acquire, and the flags afterwards, sees it.
//! * T6: the task is woken outside of all locks, after it can see that the block is closed (the block's
//!   hub is cancelled then). Nobody but the task waits for a block, so there is one waiter at most.

use crate::rt::Instant;
use crate::sync::{AcqRel, AtomicU32, Held, LockedCell, Relaxed, assert_size};
use crate::tree::handles::try_retain;
use crate::tree::hub::{Hub, Waiter};
use crate::tree::node::Node;
use crate::tree::state::{ARMED, CANCELLED, MULTI, NEVER, NONEMPTY, TIMED};
use alloc::boxed::Box;
use core::mem::replace;
use core::ptr::{self, addr_of, null};

/// A time limit of a node.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Timed {
    /// A lock, the place where the task waits, and whether the block is closed.
    hub: Hub,
    target: LockedCell<*const Node>,
    owners: AtomicU32,
    /// Of a chain of closed ones, whose owner it belongs to.
    next: LockedCell<*const Timed>,
    at: Instant,
}

assert_size!(Timed, at most size_of::<Hub>() + 4 * size_of::<usize>() + size_of::<Instant>());

// S1. (Its pointer takes a tag.)
const _: () = assert!(align_of::<Timed>() >= 4);

impl Timed {
    /// A block for a node, with an owner for the slot and one for the task.
    pub(crate) fn new(target: *const Node, at: Instant) -> *const Timed {
        Box::into_raw(Box::new(Timed {
            hub: Hub::new(0),
            target: LockedCell::new(target),
            owners: AtomicU32::new(2),
            next: LockedCell::new(null()),
            at,
        }))
    }

    /// The hub that is cancelled when the block is closed.
    ///
    /// # Safety
    ///
    /// `this` is alive.
    pub(crate) unsafe fn hub(this: *const Timed) -> *const Hub {
        // SAFETY: alive.
        unsafe { addr_of!((*this).hub) }
    }

    /// One owner more.
    ///
    /// # Safety
    ///
    /// The caller is an owner.
    pub(crate) unsafe fn retain(this: *const Timed) {
        // SAFETY: alive. Relaxed: made from one that its owner has. (The task has two of them.)
        unsafe { (*this).owners.fetch_add(1, Relaxed) };
    }

    /// One owner less.
    ///
    /// # Safety
    ///
    /// The caller is an owner, and is none from now on.
    pub(crate) unsafe fn let_go(this: *const Timed) {
        // SAFETY: alive while we own it; from a `Box` (T2). AcqRel: the other owner's use of the block
        // comes before the free.
        unsafe {
            if (*this).owners.fetch_sub(1, AcqRel) == 1 && Hub::end(Self::hub(this)) {
                drop(Box::from_raw(this.cast_mut()));
            }
        }
    }

    /// The time has come: the target, with a handle of it for the caller, if it is still there.
    ///
    /// # Safety
    ///
    /// `this` is alive.
    pub(crate) unsafe fn due(this: *const Timed) -> Option<*const Node> {
        // SAFETY: the target is alive under the lock (T3).
        unsafe {
            let hub = Self::hub(this);
            let held = Hub::lock(hub);
            let target = (*this).target.get();
            let got = !target.is_null() && {
                (*target).hub.life.touch(); // (models keep what is freed)
                try_retain(addr_of!((*target).hub))
            };
            Hub::unlock(hub, held);
            got.then_some(target)
        }
    }

    /// Closes the block (T3).
    ///
    /// # Safety
    ///
    /// The caller holds the node's lock and owns the slot's share.
    unsafe fn close(this: *const Timed) {
        // SAFETY: alive; in the lock order (T4).
        unsafe {
            let hub = Self::hub(this);
            let mut held = Hub::lock(hub);
            (*this).target.set(null());
            held.flags |= CANCELLED;
            Hub::unlock(hub, held);
        }
    }

    /// Wakes the task, and lets the block go.
    ///
    /// # Safety
    ///
    /// The caller owns the slot's share of a closed block, which is used up. No lock is held.
    unsafe fn wake(this: *const Timed) {
        // SAFETY: alive; the list under the lock. The waiter may be gone once its waker is taken (H4).
        unsafe {
            let hub = Self::hub(this);
            let mut held = Hub::lock(hub);
            let first = (*hub).list.first();
            let mut waker = None;
            if !first.is_null() {
                (*hub).list.clear();
                held.flags &= !NONEMPTY;
                waker = Some(Hub::take_waker(first.cast::<Waiter>()));
            }
            Hub::unlock(hub, held);
            Self::let_go(this);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

/// Blocks that have been taken out of their slots and closed: when this is dropped, their tasks are
/// woken. Not under a lock, therefore.
#[must_use]
pub(crate) struct Closed(*const Timed);

impl Closed {
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Closed(null())
    }

    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// Takes over those of another one, of which there is one at most.
    pub(crate) fn add(&mut self, other: Closed) {
        let block = replace(&mut core::mem::ManuallyDrop::new(other).0, null());
        if !block.is_null() {
            // SAFETY: the block is ours.
            unsafe { (*block).next.set(self.0) };
            self.0 = block;
        }
    }

    /// Wakes the task of one of them. False: there is none.
    pub(crate) fn wake_next(&mut self) -> bool {
        if self.0.is_null() {
            return false;
        }
        // SAFETY: the block is ours, and used up; no lock is held.
        unsafe {
            let block = self.0;
            self.0 = (*block).next.get(); // before the foreign call
            Timed::wake(block);
        }
        true
    }
}

impl Drop for Closed {
    #[inline]
    fn drop(&mut self) {
        if !self.is_empty() {
            // After a panic of a waker, the rest is woken while it unwinds.
            let mut rest = Closed(replace(&mut self.0, null()));
            while rest.wake_next() {}
        }
    }
}

/// Whether a node has a time limit that may still run out.
#[inline(always)]
pub(crate) fn is_timed(flags: u32) -> bool {
    flags & (CANCELLED | TIMED) == TIMED
}

/// Takes the block out of a node's slot and closes it, if there is one.
///
/// # Safety
///
/// `held` is the lock of `hub`, which is alive.
#[inline(always)]
pub(crate) unsafe fn take(hub: *const Hub, held: &mut Held) -> Closed {
    match is_timed(held.flags) {
        false => Closed::none(),
        // SAFETY: passed on.
        true => unsafe { take_block(hub, held) },
    }
}

#[cold]
unsafe fn take_block(hub: *const Hub, held: &mut Held) -> Closed {
    // SAFETY: T1; the slot's share is ours now (T2).
    unsafe {
        held.flags &= !TIMED;
        let block: *const Timed = (*hub).cause.take_live().cast();
        Timed::close(block);
        Closed(block)
    }
}

/// Takes the block out of a node that is not locked, if there is one, or only if it is `only`.
///
/// # Safety
///
/// `hub` is alive.
pub(crate) unsafe fn disarm(hub: *const Hub, only: *const Timed) -> Closed {
    // SAFETY: alive.
    unsafe {
        if !is_timed((*hub).word.load()) {
            return Closed::none();
        }
        let mut held = Hub::lock(hub);
        let mut closed = Closed::none();
        if is_timed(held.flags) && (only.is_null() || ptr::eq((*hub).cause.live().cast(), only)) {
            closed = take_block(hub, &mut held);
        }
        Hub::unlock(hub, held);
        closed
    }
}

/// Puts a new block into its target's slot, in place of the one there. If the target is cancelled or can
/// never be, the block is closed at once.
///
/// # Safety
///
/// `block` is new and its target alive, by a handle of the caller's.
pub(crate) unsafe fn arm(block: *const Timed) -> Closed {
    // SAFETY: alive; T1 by the lock.
    unsafe {
        let hub = addr_of!((*(*block).target.get()).hub);
        let mut held = Hub::lock(hub);
        let mut closed = take(hub, &mut held);
        if held.flags & (CANCELLED | NEVER) == 0 {
            (*hub).cause.set_live(block.cast_mut().cast());
            held.flags |= TIMED;
            if held.flags & MULTI == 0 {
                held.flags |= ARMED; // T5
            }
        } else {
            Timed::close(block);
            closed.add(Closed(block));
        }
        Hub::unlock(hub, held);
        closed
    }
}

/// When the time limit of a node runs out.
///
/// # Safety
///
/// `hub` is alive.
pub(crate) unsafe fn deadline(hub: *const Hub) -> Option<Instant> {
    // SAFETY: alive; the block stays in the slot while the lock is held (T1).
    unsafe {
        let held = Hub::lock(hub);
        let at = is_timed(held.flags).then(|| (*(*hub).cause.live().cast::<Timed>()).at);
        Hub::unlock(hub, held);
        at
    }
}
