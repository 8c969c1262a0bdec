//! Phase 2 of a cancel: wakers, then callbacks, with no lock held while foreign code runs.
//! Invariants: `propagate.rs`.

use super::Cancel;
use crate::detail::{DetailRef, unreserve};
use crate::error::Cancelled;
use crate::hub::{Hub, Waiter};
use crate::list::{Entry, Kind};
use crate::multi;
use crate::node::{Dependent, Node, own_hub};
use crate::reason::Reason;
use crate::state::{INHERITED, MULTI, NONEMPTY};
use crate::sync::{BATCH, HOLD, Held, Release, prefetch};
use core::ptr::{addr_of, null, null_mut};

// SAFETY (of the whole block): all functions run between the locks that their comments name; the
// nodes met are alive because they are linked (E4, N2) or held (N5).
#[allow(clippy::missing_safety_doc)]
impl Cancel {
    /// Takes waiters and callbacks out of a list without dependents, as many as fit, and not more
    /// callbacks than given. True: all.
    #[inline(always)]
    pub(super) unsafe fn take(
        &mut self,
        hub: *const Hub,
        inherited: bool,
        callbacks: &mut u32,
    ) -> bool {
        // SAFETY: the hub is locked.
        unsafe {
            let walk = (*hub).list.walk();
            let mut entry = walk.first;
            // Locals, so that the loop runs in registers.
            let mut filled = self.filled;
            while !entry.is_null() && filled < BATCH {
                let next = (*entry).next.get();
                if (*entry).kind == Kind::Waiter {
                    self.wakers[filled].write(Hub::take_waker(entry.cast::<Waiter>()));
                    filled += 1;
                } else if *callbacks > 0 {
                    self.calls.add(entry, inherited);
                    *callbacks -= 1;
                } else {
                    break;
                }
                entry = next;
            }
            self.filled = filled;
            (*hub).list.cut_before(entry, walk);
            entry.is_null()
        }
    }

    /// Lets go of a node that is out of both lists. It is locked, and not afterwards.
    pub(super) unsafe fn let_go(&mut self, entry: *const Entry, hub: *const Hub, held: Held) {
        // SAFETY: see above.
        unsafe {
            if held.flags & MULTI != 0 {
                self.finish(entry); // before the unlock: our handle keeps the node
            } else {
                // Release: as in `visit`.
                (*entry.cast::<Dependent>())
                    .source
                    .store(null_mut(), Release);
            }
            Hub::unlock(hub, held);
        }
    }

    /// Keeps a `MULTI` node, whose entry is in no list, to give our handle back at the end.
    pub(super) unsafe fn finish(&mut self, entry: *const Entry) {
        // SAFETY: the entry is ours, since we have a handle of the node.
        unsafe { (*entry).next.set(self.finished) };
        self.finished = entry;
    }

    /// Takes the next wakers out of the root, then out of the nodes of the left list.
    unsafe fn refill(&mut self) {
        // SAFETY: see above.
        unsafe {
            while self.root_left && self.filled < BATCH {
                let root = self.root;
                let mut held = Hub::lock(root);
                if self.take(root, false, &mut HOLD.clone()) {
                    held.flags &= !NONEMPTY;
                    self.root_left = false;
                }
                Hub::unlock(root, held);
            }
            while self.nodes_left && self.filled < BATCH {
                let left_held = Hub::lock(self.left);
                let list = &(*self.left).list;
                let mut callbacks = HOLD; // P1
                for _ in 0..HOLD {
                    let entry = list.first();
                    if entry.is_null() {
                        self.nodes_left = false;
                        break;
                    }
                    if self.filled == BATCH {
                        break;
                    }
                    prefetch((*entry).next.get());
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    if self.take(hub, held.flags & INHERITED != 0, &mut callbacks) {
                        held.flags &= !NONEMPTY;
                        list.unlink(entry);
                        self.let_go(entry, hub, held);
                    } else {
                        Hub::unlock(hub, held);
                        break;
                    }
                }
                Hub::unlock(self.left, left_held);
            }
        }
    }

    /// Phase 2: wakers, then callbacks. No lock is held.
    pub(super) unsafe fn serve(&mut self) {
        loop {
            while self.woken < self.filled {
                // One guard for the whole batch, as it costs more than a wake; after a panic the
                // rest of the batch gets another one.
                let (woken, wakers) = (&mut self.woken, &self.wakers[..self.filled]);
                self.panics.guard(|| {
                    for waker in &wakers[*woken..] {
                        *woken += 1;
                        // SAFETY: filled by `take`, and counted as woken before the foreign call.
                        unsafe { waker.assume_init_read() }.wake();
                    }
                });
            }
            (self.filled, self.woken) = (0, 0);
            // SAFETY: no lock is held.
            unsafe { self.refill() };
            if self.filled == 0 {
                break;
            }
        }
        if !self.calls.is_empty() {
            let (detail, outcome) = (self.detail, self.outcome);
            self.calls.run(&mut self.panics, |inherited| {
                // SAFETY: the root's reference keeps the block alive.
                let detail = unsafe { DetailRef::clone_raw(detail) };
                Cancelled::new(Reason::from_bits(outcome), detail).with_inherited(inherited)
            });
        }
        while !self.finished.is_null() {
            let node = self.finished.cast::<Node>();
            // SAFETY: ours until we give our handle back.
            unsafe {
                self.finished = (*node).dependent.entry.next.get();
                (*node).dependent.entry.next.set(null());
                self.panics
                    .guard(|| multi::release_multi(addr_of!((*node).hub)));
            }
        }
        if self.spare > 0 {
            // SAFETY: reserved by us; the root has one more, so no foreign code runs.
            unsafe { unreserve(self.detail, core::mem::take(&mut self.spare)) };
        }
        self.served = true;
    }
}

/// A panic on its way through (without `std`): the rest is served first.
impl Drop for Cancel {
    fn drop(&mut self) {
        if !self.served {
            // SAFETY: no lock is held: foreign code runs in `serve` alone, outside of all locks.
            unsafe { self.serve() }
        }
    }
}
