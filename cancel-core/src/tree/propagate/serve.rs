//! Phase 2 of a cancel: wakers, then callbacks, with no lock held while foreign code runs.
//! Invariants: `propagate.rs`.

use super::work::Cancel;
use crate::sync::{HOLD, Held, Release, inline_on_std, prefetch};
use crate::tree::block::Calls;
use crate::tree::hook::{Call, Hook};
use crate::tree::hub::{Hub, Waiter, cancelled};
use crate::tree::list::{Entry, Kind};
use crate::tree::multi;
use crate::tree::node::{Dependent, own_hub};
use crate::tree::state::{CALLS, INHERITED, NONEMPTY, is_multi};
use core::ptr::null_mut;

/// What is left in a list.
#[derive(PartialEq)]
pub(super) enum Left {
    Nothing,
    /// Callbacks alone.
    Calls,
    /// Waiters, maybe.
    More,
}

// SAFETY (of the whole block): all functions run between the locks that their comments name; the
// nodes met are alive because they are linked (E4, N2) or held (N5).
#[allow(clippy::missing_safety_doc)]
impl Cancel {
    inline_on_std! {
        /// Takes waiters out of a list without dependents, as many as fit, and deals with as many
        /// callbacks as given: those on the heap are chained up, those in place moved to the back.
        pub(super) unsafe fn take(
            &mut self,
            hub: *const Hub,
            inherited: bool,
            callbacks: &mut u32,
        ) -> Left {
            // SAFETY: the hub is locked.
            unsafe {
                let list = &(*hub).list;
                loop {
                    let walk = list.walk();
                    let mut entry = walk.first;
                    let mut batch = self.batch.fill();
                    while !entry.is_null() && !batch.is_full() {
                        let next = (*entry).next.get();
                        if (*entry).kind == Kind::Waiter {
                            batch.push(Hub::take_waker(entry.cast::<Waiter>()));
                        } else if *callbacks > 0 && Calls::can_add(entry, walk.last) {
                            self.calls.add(entry, inherited);
                            *callbacks -= 1;
                        } else {
                            break;
                        }
                        entry = next;
                    }
                    drop(batch);
                    list.cut_before(entry, walk);
                    if entry.is_null() {
                        return Left::Nothing;
                    }
                    if self.batch.is_full() || (*entry).kind == Kind::Waiter {
                        return Left::More;
                    }
                    if (*entry).passed.get() {
                        return Left::Calls; // the whole list has been passed
                    }
                    if *callbacks == 0 {
                        return Left::More;
                    }
                    *callbacks -= 1;
                    (*entry).passed.set(true);
                    list.unlink(entry);
                    list.push_back(entry);
                }
            }
        }
    }

    /// [`take`](Cancel::take) from the root. `held`: its lock.
    pub(super) unsafe fn take_from_root(&mut self, held: &mut Held) {
        let inherited = self.inherited != 0;
        // SAFETY: see above.
        let left = unsafe { self.take(self.root, inherited, &mut HOLD.clone()) };
        if left == Left::Nothing {
            held.flags &= !NONEMPTY;
        }
        self.root_left = left == Left::More;
        self.root_calls = left == Left::Calls;
    }

    /// Lets go of a node that is out of both lists. It is locked, and not afterwards.
    pub(super) unsafe fn let_go(&mut self, entry: *const Entry, hub: *const Hub, held: Held) {
        // SAFETY: see above.
        unsafe {
            if is_multi(held.flags) {
                self.finished.add(entry); // before the unlock: our handle keeps the node
            } else {
                // Release: as in `visit`.
                (*entry.cast::<Dependent>())
                    .source
                    .store(null_mut(), Release);
            }
            Hub::unlock(hub, held);
        }
    }

    /// Takes the next wakers out of the root, then out of the nodes of the left list.
    unsafe fn refill(&mut self) {
        // SAFETY: see above.
        unsafe {
            while self.root_left && !self.batch.is_full() {
                let mut held = Hub::lock(self.root);
                self.take_from_root(&mut held);
                Hub::unlock(self.root, held);
            }
            while self.nodes_left && !self.batch.is_full() {
                let left_held = Hub::lock(self.left);
                let list = &(*self.left).list;
                let mut callbacks = HOLD; // P1
                for _ in 0..HOLD {
                    let entry = list.first();
                    if entry.is_null() {
                        self.nodes_left = false;
                        break;
                    }
                    if self.batch.is_full() {
                        break;
                    }
                    prefetch((*entry).next.get());
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    if held.flags & CALLS != 0 {
                        // So have all that come after it.
                        Hub::unlock(hub, held);
                        (self.nodes_left, self.node_calls) = (false, true);
                        break;
                    }
                    match self.take(hub, held.flags & INHERITED != 0, &mut callbacks) {
                        Left::Nothing => {
                            held.flags &= !NONEMPTY;
                            list.unlink(entry);
                            self.let_go(entry, hub, held);
                        }
                        Left::Calls => {
                            held.flags |= CALLS;
                            list.unlink(entry);
                            list.push_back(entry);
                            Hub::unlock(hub, held);
                        }
                        Left::More => {
                            Hub::unlock(hub, held);
                            break;
                        }
                    }
                }
                Hub::unlock(self.left, left_held);
            }
        }
    }

    /// Phase 2: wakers, then callbacks. No lock is held.
    pub(super) unsafe fn serve(&mut self) {
        loop {
            self.batch.wake(&mut self.panics);
            // SAFETY: no lock is held.
            unsafe { self.refill() };
            if self.batch.is_empty() {
                break;
            }
        }
        self.run_calls();
        // SAFETY: no lock is held, and no waiter is left anywhere.
        while unsafe { self.call_next() } {}
        while let Some(hub) = self.finished.next() {
            // SAFETY: the handle is ours to give back.
            self.panics.guard(|| unsafe { multi::release_multi(hub) });
        }
        while !self.closed.is_empty() {
            let closed = &mut self.closed;
            self.panics.guard(|| {
                closed.wake_next();
            });
        }
        if self.spare > 0 {
            // SAFETY: reserved by us. No foreign code runs: of the root's block the root has one more
            // reference, and one of ours refers to that.
            unsafe { self.said.unreserve(core::mem::take(&mut self.spare)) };
        }
        self.served = true;
    }
}

impl Cancel {
    /// Calls what has been chained up.
    fn run_calls(&mut self) {
        if !self.calls.is_empty() {
            // SAFETY: alive (P5).
            let (said, root, outcome) = (self.said, unsafe { (*self.root).id() }, self.outcome);
            self.calls.run(&mut self.panics, |inherited| {
                // SAFETY: the root's reference or ours keeps the block alive.
                unsafe { cancelled(said, root, outcome, inherited) }
            });
        }
    }

    /// Calls the next callback that has stayed in its list: the root's first, then those of the
    /// nodes in the left list. False: there are no more.
    ///
    /// # Safety
    ///
    /// No lock is held; all lists that have something left have been passed.
    unsafe fn call_next(&mut self) -> bool {
        let (mut call, mut said, mut inherited) = (None, self.said, self.inherited != 0);
        // SAFETY: nodes in the left list are alive (E4, N2); lists under the locks.
        unsafe {
            if self.root_calls {
                said = (*self.root).cause.get(); // it knows more than others (S4)
                let mut held = Hub::lock(self.root);
                call = self.take_call(self.root, &mut held);
                self.root_calls = held.flags & NONEMPTY != 0;
                Hub::unlock(self.root, held);
            } else if self.node_calls {
                let left_held = Hub::lock(self.left);
                let list = &(*self.left).list;
                let entry = list.first();
                if entry.is_null() {
                    self.node_calls = false;
                } else {
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    call = self.take_call(hub, &mut held);
                    inherited = held.flags & INHERITED != 0;
                    if held.flags & NONEMPTY == 0 {
                        list.unlink(entry);
                        self.let_go(entry, hub, held);
                    } else {
                        Hub::unlock(hub, held);
                    }
                }
                Hub::unlock(self.left, left_held);
            } else {
                return false;
            }
        }
        match call {
            Some(call) => {
                // SAFETY: the root is alive (P5), and the block by its reference or ours.
                let cancelled =
                    unsafe { cancelled(said, (*self.root).id(), self.outcome, inherited) };
                self.panics.guard(|| call.run(&cancelled));
            }
            None => self.run_calls(),
        }
        true
    }

    /// Takes the first callback out of a list, if there is one: one in place as it is, one on the
    /// heap into the chain.
    ///
    /// # Safety
    ///
    /// `held` is the lock of the list, in which there are only callbacks.
    unsafe fn take_call(&mut self, hub: *const Hub, held: &mut Held) -> Option<Call> {
        // SAFETY: E1, E4 by the lock.
        unsafe {
            let list = &(*hub).list;
            let entry = list.first();
            let mut call = None;
            if !entry.is_null() {
                list.unlink(entry);
                if (*entry).kind == Kind::Hook {
                    call = Some(Hook::take(entry.cast::<Hook>()));
                } else {
                    self.calls.add(entry, held.flags & INHERITED != 0);
                }
            }
            if list.is_empty() {
                held.flags &= !NONEMPTY;
            }
            call
        }
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
