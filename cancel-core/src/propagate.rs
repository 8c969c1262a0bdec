//! `cancel`: to everything below, without recursion and without allocation.
//!
//! Two phases. First every flag below the root is set, with no foreign code in between; then wakers
//! are woken and callbacks called. So when any `cancel` returns, all `child` descendants of its
//! token are cancelled, whoever did it: a `cancel` that lost, or that meets another one at work
//! below, waits until the other's marking is over. Without `std` nobody can wait, since what is at
//! work may be the very code that was interrupted: there the other one goes on when it is resumed.
//!
//! The canceller has a **work list** on its stack: the list of a hub of its own, into which nodes
//! that need a second look are moved. To such a node the work list's hub is its `source` like any
//! other, so it can be dropped meanwhile like any other (N5); what it leaves behind is adopted by
//! the work list and marked from there.
//!
//! ```text
//!   work list:  [ adopted | HELD: dependents to be marked | HELD+DONE | HELD+DONE+LEFT ]
//!                 front ◀──────────────────────────────────────────────────────▶ back
//! ```
//!
//! Invariants (`H` hub.rs, `N` node.rs, `M` multi.rs)
//!
//! * P1: at most `HOLD` entries are handled before all locks are let go. Order: work list, node,
//!   dependent (H5: the work list comes before what is in it).
//! * P2: whoever is the root of a cancel, or is held with dependents still to be marked, has
//!   `MARKING`. It is cleared everywhere before the first foreign code runs, or a waker that cancels
//!   would wait for itself.
//! * P3: waiting for another canceller's marking happens with no lock held, and only for nodes met
//!   as *children*: such a node is the root of that other cancel. Roots waited for stand strictly
//!   lower in the DAG each time, so nobody waits in a circle. Nodes met through links are never
//!   waited for: two cancels that share followers would wait for each other. So the promise above
//!   does not reach below a follower that another source's cancel is marking at that moment.
//! * P4: the work list is empty when `cancel` ends, whatever panicked.
//! * P5: a root is borrowed from a handle (or a place) by the caller, and so outlives the cancel.

use crate::block::Calls;
use crate::cause::Cause;
use crate::detail::{Detail, DetailRef, reserve, unreserve};
use crate::error::Cancelled;
use crate::hub::{Hub, Waiter};
use crate::list::{Entry, Kind};
use crate::multi;
use crate::node::{Dependent, Link, Node, own_hub};
use crate::reason::Reason;
use crate::state::{
    CANCELLED, DONE, HELD, INHERITED, LEFT, MARKING, MULTI, NEVER, NONEMPTY, OUTCOME,
};
use crate::sync::{BATCH, CAN_WAIT, HOLD, Held, Panics, Patience, Relaxed, Release, Word};
use core::mem::MaybeUninit;
use core::ptr::{addr_of, null, null_mut};
use core::task::Waker;

/// Cancels `root` and everything below. True for the call that won.
///
/// # Safety
///
/// `root` stays alive during the call (P5).
#[inline]
pub(crate) unsafe fn cancel(root: *const Hub, cause: Cause) -> bool {
    // SAFETY: alive by the caller's promise.
    unsafe {
        let flags = (*root).word.load();
        if flags & (CANCELLED | NEVER) != 0 {
            drop(cause);
            lost(root);
            return false;
        }
        if cause.is_plain() && flags & NONEMPTY == 0 {
            // Nobody to tell and nothing to say: one step, if nobody is inside.
            if Word::try_set(addr_of!((*root).word), flags, CANCELLED | cause.bits()) {
                return true;
            }
        }
        let (bits, detail) = cause.into_parts();
        let mut held = Hub::lock(root);
        if held.flags & (CANCELLED | NEVER) != 0 {
            Hub::unlock(root, held);
            drop(detail);
            lost(root);
            return false;
        }
        if let Some(detail) = detail {
            // Relaxed: published by the flag (H2).
            (*root).cause.store(detail.into_raw(), Relaxed);
        }
        held.flags |= CANCELLED | bits;
        if held.flags & NONEMPTY == 0 {
            Hub::unlock(root, held);
            return true;
        }
        let first = (*root).list.first();
        if (*first).kind == Kind::Waiter && (*first).next.get().is_null() {
            // One waiter and nothing else, the most common case: no one is left if it panics.
            // The list first: the waiter may be gone as soon as its waker is taken (H4).
            (*root).list.clear();
            let waker = Hub::take_waker(first.cast::<Waiter>());
            held.flags &= !NONEMPTY;
            Hub::unlock(root, held);
            waker.wake();
        } else {
            propagate(root, held);
        }
        true
    }
}

/// A cancel that came too late.
#[cold]
unsafe fn lost(root: *const Hub) {
    let mut patience = Patience::new();
    while CAN_WAIT {
        patience.begin();
        // SAFETY: alive by the caller's promise.
        if unsafe { (*root).word.look() } & MARKING == 0 {
            break;
        }
        patience.wait(root.cast());
    }
}

/// The part below the root. `held`: its lock, with the flags to be.
#[inline(never)]
unsafe fn propagate(root: *const Hub, mut held: Held) {
    // SAFETY: the root is alive (P5); lists under the locks.
    unsafe {
        // The work list. Others reach it through `source` until it is empty again (P4).
        let work = Hub::new(0);
        let mut cancel = Cancel {
            root,
            detail: (*root).cause.load(Relaxed),
            spare: 0,
            outcome: held.flags & OUTCOME,
            work: addr_of!(work),
            used: false,
            root_left: false,
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            filled: 0,
            woken: 0,
            calls: Calls::new(),
            finished: null(),
            busy: null(),
            panics: Panics::new(),
            served: false,
        };
        let first = (*root).list.first();
        if (*first).kind.is_dependent() {
            held.flags |= MARKING;
            Word::publish(addr_of!((*root).word), &held);
            cancel.mark(held);
        } else {
            cancel.root_left = !cancel.take(root, false, HOLD);
            if !cancel.root_left {
                held.flags &= !NONEMPTY;
            }
            Hub::unlock(root, held);
        }
        cancel.serve();
        core::mem::take(&mut cancel.panics).resume();
    }
}

/// A cancel at work.
struct Cancel {
    root: *const Hub,
    /// The message and error for everybody reached; kept alive by the root's reference.
    detail: *mut Detail,
    /// References to `detail` that are reserved and not given out yet.
    spare: u32,
    /// `CANCELLED`, reason, payload.
    outcome: u32,
    work: *const Hub,
    /// Something was put into the work list at some time, so others may know it.
    used: bool,
    /// Waiters are left in the root's list.
    root_left: bool,
    wakers: [MaybeUninit<Waker>; BATCH],
    filled: usize,
    woken: usize,
    calls: Calls,
    /// `MULTI` nodes of which we still have a handle, chained by their entries.
    finished: *const Entry,
    /// What another cancel is marking.
    busy: *const Hub,
    panics: Panics,
    /// All is done.
    served: bool,
}

/// How far a hold got.
#[derive(PartialEq)]
enum Step {
    /// All dependents are marked.
    Done,
    /// The budget was used up.
    More,
    /// Another cancel is marking what comes next.
    Wait,
}

/// Where a node goes that has been marked.
enum Place {
    /// Nothing more to do.
    Out,
    /// Its dependents are to be marked.
    Todo,
    /// Its waiters are to be woken.
    Left,
}

// SAFETY (of the whole block): all functions run between the locks that their comments name; the
// nodes met are alive because they are linked (E4, N2) or held (N5).
#[allow(clippy::missing_safety_doc)]
impl Cancel {
    /// Phase 1. `held`: the root's lock, with `MARKING` published.
    unsafe fn mark(&mut self, mut held: Held) {
        // SAFETY: see above.
        unsafe {
            let (root, work) = (self.root, self.work);
            // Nobody knows the work list yet, so it can be locked out of order and for nothing.
            let claimed = (*work).word.claim();
            let mut step = self.hold(root, &mut held, &mut HOLD.clone(), 0);
            if step == Step::Done && !self.used {
                held.flags &= !MARKING;
                self.root_left = held.flags & NONEMPTY != 0;
                (*work).word.disclaim(claimed);
                Hub::unlock(root, held);
                return;
            }
            (*work).word.disclaim(claimed);
            Hub::unlock(root, held);

            let mut root_done = step == Step::Done;
            let mut patience = Patience::new();
            loop {
                if step == Step::Wait {
                    patience.wait(self.busy.cast()); // P3
                } else {
                    patience = Patience::new();
                }
                patience.begin();
                let mut budget = HOLD;
                let work_held = Hub::lock(work);
                step = Step::More;
                if !root_done {
                    let mut held = Hub::lock(root);
                    step = self.hold(root, &mut held, &mut budget, 0);
                    root_done = step == Step::Done;
                    Hub::unlock(root, held);
                }
                while root_done && budget > 0 && step != Step::Wait {
                    match self.next(&mut budget) {
                        Some(next) => step = next,
                        None => {
                            Hub::unlock(work, work_held);
                            return self.settle();
                        }
                    }
                }
                Hub::unlock(work, work_held);
            }
        }
    }

    /// Marks from the front of the work list, which is locked. `None`: all is marked.
    unsafe fn next(&mut self, budget: &mut u32) -> Option<Step> {
        // SAFETY: see above.
        unsafe {
            let work = &*self.work;
            let entry = work.list.first();
            if entry.is_null() {
                return None;
            }
            if (*entry).kind == Kind::Child {
                let hub = own_hub(entry);
                let mut held = Hub::lock(hub);
                if held.flags & DONE != 0 && held.flags & HELD != 0 {
                    Hub::unlock(hub, held);
                    return None;
                }
                if held.flags & HELD != 0 {
                    let (inherited, before) = (held.flags & INHERITED, *budget);
                    let step = self.hold(hub, &mut held, budget, inherited);
                    if *budget == before {
                        *budget -= 1; // its dependents are gone already
                    }
                    if step == Step::Done {
                        held.flags |= DONE;
                        work.list.unlink(entry);
                        work.list.push_back(entry);
                    }
                    Hub::unlock(hub, held);
                    return Some(step);
                }
                Hub::unlock(hub, held);
            }
            // Adopted from a node that went: one of ours, so it was cancelled through an ancestor.
            *budget -= 1;
            work.list.unlink(entry);
            if self.visit(entry, INHERITED) {
                Some(Step::More)
            } else {
                work.list.push_front(entry);
                Some(Step::Wait)
            }
        }
    }

    /// Marks dependents of a node that is locked, as the work list is. `inherited`: its flag.
    #[inline]
    unsafe fn hold(
        &mut self,
        hub: *const Hub,
        held: &mut Held,
        budget: &mut u32,
        inherited: u32,
    ) -> Step {
        // SAFETY: see above. Entries are walked, not unlinked one by one: those passed are cut off
        // together at the end, and may be gone by then.
        unsafe {
            let walk = (*hub).list.walk();
            let mut entry = walk.first;
            let mut passed = 0;
            let step = loop {
                if entry.is_null() || !(*entry).kind.is_dependent() {
                    break Step::Done;
                }
                if *budget == 0 {
                    break Step::More;
                }
                let next = (*entry).next.get();
                if !self.visit(entry, inherited) {
                    break Step::Wait;
                }
                *budget -= 1;
                passed += 1;
                entry = next;
            };
            (*hub).list.cut_before(entry, walk);
            if entry.is_null() {
                held.flags &= !NONEMPTY;
            }
            if held.flags & MULTI != 0 {
                multi::drop_some(hub, passed); // N4; we have a handle, or the root's owner has
            }
            step
        }
    }

    /// Cancels a dependent of a locked source that is cancelled, with the `INHERITED` flag given.
    /// It leaves the source's list (the caller cuts it off). False: another cancel is marking it.
    #[inline]
    unsafe fn visit(&mut self, entry: *const Entry, inherited: u32) -> bool {
        // SAFETY: see above. `source` changes under both locks (N1).
        unsafe {
            if (*entry).kind == Kind::Link {
                self.visit_link(entry.cast(), inherited);
                return true;
            }
            let node = entry.cast::<Node>();
            let hub = addr_of!((*node).hub);
            let mut held = Hub::lock(hub);
            let mut place = Place::Out;
            if held.flags & CANCELLED == 0 {
                place = self.cancel_one(hub, &mut held, INHERITED);
            } else if held.flags & MARKING != 0 && CAN_WAIT {
                Hub::unlock(hub, held);
                self.busy = hub;
                return false;
            }
            let source = self.put(entry, place);
            // Release: a dropper that sees null without the lock also sees the lock (`is_alone`).
            (*node).dependent.source.store(source, Release);
            Hub::unlock(hub, held);
            true
        }
    }

    /// The same through a link, where the owner takes the flags over as they are.
    #[cold]
    unsafe fn visit_link(&mut self, link: *const Link, inherited: u32) {
        // SAFETY: see above. The owner is alive: its link is still linked, and we hold the source.
        unsafe {
            let owner = (*link).owner;
            let hub = addr_of!((*owner).hub);
            let mut held = Hub::lock(hub);
            let inherited = inherited | (*link).adds.get();
            (*link).dependent.source.store(null_mut(), Release);
            if held.flags & CANCELLED == 0 && multi::fires(link, &held) {
                // Without a handle it is on its way out, and has nothing below (N4).
                let stays = held.flags & NONEMPTY != 0 && multi::try_retain(hub);
                if stays {
                    let entry = addr_of!((*owner).dependent.entry);
                    match self.cancel_one(hub, &mut held, inherited) {
                        Place::Out => self.finish(entry),
                        place => drop(self.put(entry, place)),
                    }
                } else {
                    self.take_over(hub, &mut held, inherited);
                }
            }
            Hub::unlock(hub, held);
        }
    }

    /// Sets the flags of a locked node.
    #[inline]
    unsafe fn take_over(&mut self, hub: *const Hub, held: &mut Held, inherited: u32) {
        if !self.detail.is_null() {
            // SAFETY: the root's reference keeps the block alive. Reserved many at a time, for a
            // read-modify-write costs more than the rest of a visit.
            unsafe {
                if self.spare == 0 {
                    self.spare = 256;
                    reserve(self.detail, self.spare);
                }
                self.spare -= 1;
                // Relaxed: published by the flag (H2).
                (*hub).cause.store(self.detail, Relaxed);
            }
        }
        held.flags |= self.outcome | inherited;
    }

    /// Cancels a locked node, and takes its waiters out if they fit.
    #[inline]
    unsafe fn cancel_one(&mut self, hub: *const Hub, held: &mut Held, inherited: u32) -> Place {
        // SAFETY: see above.
        unsafe {
            self.take_over(hub, held, inherited);
            if held.flags & NONEMPTY == 0 {
                return Place::Out;
            }
            let first = (*hub).list.first();
            if (*first).kind.is_dependent() {
                held.flags |= MARKING | HELD;
                return Place::Todo;
            }
            // Callbacks wait for phase 2, or one hold could meet `HOLD` of them in each node (P1).
            if self.take(hub, held.flags & INHERITED != 0, 0) {
                held.flags &= !NONEMPTY;
                return Place::Out;
            }
            held.flags |= HELD | DONE;
            Place::Left
        }
    }

    /// Puts a node that has left its source's list where it belongs now, and says what its source
    /// is there.
    #[inline]
    unsafe fn put(&mut self, entry: *const Entry, place: Place) -> *mut Hub {
        // SAFETY: the work list is locked.
        unsafe {
            match place {
                Place::Out => return null_mut(),
                Place::Todo => (*self.work).list.push_front(entry),
                Place::Left => (*self.work).list.push_back(entry),
            }
        }
        self.used = true;
        self.work.cast_mut()
    }

    /// Keeps a `MULTI` node, whose entry is in no list, to give our handle back at the end.
    unsafe fn finish(&mut self, entry: *const Entry) {
        // SAFETY: the entry is ours, since we have a handle of the node.
        unsafe { (*entry).next.set(self.finished) };
        self.finished = entry;
    }

    /// Takes waiters and callbacks out of a list without dependents, as many as fit, and not more
    /// callbacks than given. True: all.
    #[inline(always)]
    unsafe fn take(&mut self, hub: *const Hub, inherited: bool, mut callbacks: u32) -> bool {
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
                } else if callbacks > 0 {
                    self.calls.add(entry, inherited);
                    callbacks -= 1;
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

    /// The end of phase 1: everything is marked. `MARKING` goes, and with it the nodes that have
    /// no waiters left.
    unsafe fn settle(&mut self) {
        // SAFETY: see above.
        unsafe {
            let mut held = Hub::lock(self.root);
            held.flags &= !MARKING;
            self.root_left = held.flags & NONEMPTY != 0;
            Hub::unlock(self.root, held);

            let list = &(*self.work).list;
            loop {
                let work_held = Hub::lock(self.work);
                let mut more = true;
                for _ in 0..HOLD {
                    let entry = list.first();
                    if entry.is_null() {
                        more = false;
                        break;
                    }
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    if held.flags & LEFT != 0 {
                        Hub::unlock(hub, held);
                        more = false;
                        break;
                    }
                    held.flags &= !MARKING;
                    if held.flags & NONEMPTY != 0 {
                        held.flags |= LEFT;
                        list.unlink(entry);
                        list.push_back(entry);
                        Hub::unlock(hub, held);
                    } else {
                        self.let_go(entry, hub, held);
                    }
                }
                Hub::unlock(self.work, work_held);
                if !more {
                    return;
                }
            }
        }
    }

    /// Takes a node out of the work list. Both are locked; the node is not afterwards.
    unsafe fn let_go(&mut self, entry: *const Entry, hub: *const Hub, held: Held) {
        // SAFETY: see above.
        unsafe {
            (*self.work).list.unlink(entry);
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

    /// Takes the next wakers out of the root or the work list.
    unsafe fn refill(&mut self) {
        // SAFETY: see above.
        unsafe {
            while self.root_left && self.filled < BATCH {
                let root = self.root;
                let mut held = Hub::lock(root);
                if self.take(root, false, HOLD) {
                    held.flags &= !NONEMPTY;
                    self.root_left = false;
                }
                Hub::unlock(root, held);
            }
            while self.used && self.filled < BATCH {
                let work_held = Hub::lock(self.work);
                let entry = (*self.work).list.first();
                if entry.is_null() {
                    self.used = false;
                } else {
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    let inherited = held.flags & INHERITED != 0;
                    if self.take(hub, inherited, HOLD) {
                        held.flags &= !NONEMPTY;
                        self.let_go(entry, hub, held);
                    } else {
                        Hub::unlock(hub, held);
                    }
                }
                Hub::unlock(self.work, work_held);
            }
        }
    }

    /// Phase 2: wakers, then callbacks. No lock is held.
    unsafe fn serve(&mut self) {
        loop {
            while self.woken < self.filled {
                // One guard for the whole batch, as it costs more than a wake; after a panic the
                // rest of the batch gets another one.
                let (woken, wakers) = (&mut self.woken, &self.wakers[..self.filled]);
                self.panics.guard(|| {
                    while let Some(waker) = wakers.get(*woken) {
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
