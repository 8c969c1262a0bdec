//! Phase 1 of a cancel: every flag below the root, and no foreign code. Invariants: `propagate.rs`.

use super::serve::Left;
use super::work::Cancel;
use crate::sync::{CAN_WAIT, HOLD, Held, Patience, Release, meter, prefetch};
use crate::tree::handles;
use crate::tree::hub::Hub;
use crate::tree::list::{Entry, Kind};
use crate::tree::multi;
use crate::tree::node::{Dependent, Link, Node, own_hub};
use crate::tree::state::{CANCELLED, DONE, HELD, INHERITED, MARKING, NONEMPTY, is_multi};
use crate::tree::timed;
use core::ptr::{addr_of, null_mut};

/// How far a hold got.
#[derive(PartialEq)]
pub(super) enum Step {
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
    pub(super) unsafe fn mark(&mut self, mut held: Held) {
        // SAFETY: see above.
        unsafe {
            let (root, work, left, inherited) = (self.root, self.work, self.left, self.inherited);
            let mut step = Step::More;
            if CAN_WAIT {
                // Nobody knows the lists yet, so they can be locked out of order and for nothing.
                // (Where locks cost nothing, the way below will do.)
                let claimed = ((*work).word.claim(), (*left).word.claim());
                step = self.hold(root, &mut held, &mut HOLD.clone(), inherited);
                if step == Step::Done && !self.used {
                    held.flags &= !MARKING;
                    self.root_left = held.flags & NONEMPTY != 0;
                }
                (*left).word.disclaim(claimed.1);
                (*work).word.disclaim(claimed.0);
            }
            let over = step == Step::Done && !self.used;
            Hub::unlock(root, held);
            if !over {
                self.mark_on(step);
            }
        }
    }

    /// The rest of phase 1, from where the first hold got to.
    pub(super) unsafe fn mark_on(&mut self, mut step: Step) {
        // SAFETY: see above.
        unsafe {
            let (root, work, left) = (self.root, self.work, self.left);
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
                let left_held = Hub::lock(left);
                step = Step::More;
                if !root_done {
                    let mut held = Hub::lock(root);
                    step = self.hold(root, &mut held, &mut budget, self.inherited);
                    root_done = step == Step::Done;
                    Hub::unlock(root, held);
                }
                while root_done && budget > 0 && step != Step::Wait {
                    match self.next(&mut budget) {
                        Some(next) => step = next,
                        None => {
                            Hub::unlock(left, left_held);
                            Hub::unlock(work, work_held);
                            return self.settle();
                        }
                    }
                }
                Hub::unlock(left, left_held);
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
                // The lock of this one keeps the processor from looking ahead by itself.
                prefetch(next);
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
            if is_multi(held.flags) {
                handles::drop_some(hub, passed); // N4; we have a handle, or the root's owner has
            }
            step
        }
    }

    /// Cancels a dependent of a locked source that is cancelled, with the `INHERITED` flag given.
    /// It leaves the source's list (the caller cuts it off). False: another cancel is marking it.
    #[inline]
    unsafe fn visit(&mut self, entry: *const Entry, inherited: u32) -> bool {
        meter::step();
        // SAFETY: see above. `source` changes under both locks (N1).
        unsafe {
            if (*entry).kind.is_link() {
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
                let stays = held.flags & NONEMPTY != 0 && handles::try_retain(hub);
                if stays {
                    let entry = addr_of!((*owner).dependent.entry);
                    match self.cancel_one(hub, &mut held, inherited) {
                        Place::Out => self.finished.add(entry),
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
        // SAFETY: the root's reference or ours keeps the block alive. Reserved many at a time, for a
        // read-modify-write costs more than the rest of a visit.
        unsafe {
            if self.said.is_block() {
                if self.spare == self.kept {
                    self.spare += 256;
                    self.said.reserve(256);
                }
                self.spare -= 1;
            }
            if timed::is_timed(held.flags) {
                self.closed.add(timed::take(hub, held));
            }
            // Published by the flag (H2).
            (*hub).cause.set(self.said);
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
            if self.take(hub, held.flags & INHERITED != 0, &mut 0) == Left::Nothing {
                held.flags &= !NONEMPTY;
                return Place::Out;
            }
            Place::Left
        }
    }

    /// Puts a node that has left its source's list where it belongs now, and says what its source
    /// is there.
    #[inline]
    unsafe fn put(&mut self, entry: *const Entry, place: Place) -> *mut Hub {
        let list = match place {
            Place::Out => return null_mut(),
            Place::Todo => self.work,
            Place::Left => {
                self.nodes_left = true;
                self.left
            }
        };
        self.used = true;
        // SAFETY: both lists are locked.
        unsafe { (*list).list.push_front(entry) };
        list.cast_mut()
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
            let mut more = true;
            while more {
                let work_held = Hub::lock(self.work);
                let left_held = Hub::lock(self.left);
                for _ in 0..HOLD {
                    let entry = list.first();
                    if entry.is_null() {
                        more = false;
                        break;
                    }
                    prefetch((*entry).next.get());
                    let hub = own_hub(entry);
                    let mut held = Hub::lock(hub);
                    held.flags &= !MARKING;
                    list.unlink(entry);
                    if held.flags & NONEMPTY == 0 {
                        self.let_go(entry, hub, held);
                        continue;
                    }
                    let left = self.put(entry, Place::Left);
                    if !is_multi(held.flags) {
                        // Release: as in `visit`.
                        (*entry.cast::<Dependent>()).source.store(left, Release);
                    }
                    Hub::unlock(hub, held);
                }
                Hub::unlock(self.left, left_held);
                Hub::unlock(self.work, work_held);
            }
        }
    }
}
