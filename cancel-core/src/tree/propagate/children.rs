//! `cancel_children`: everything below a token, but not the token.
//!
//! ```text
//!   root:    [ entered since | marker | below, followers | waiters, callbacks ]
//!              pushed to the front ──▶   all of it was there before the call
//!
//!   marker:  [ moved from behind the marker ]           then cancelled like any other token
//! ```
//!
//! Invariants (`E` list.rs, `H` hub.rs, `N` node.rs, `P` propagate.rs)
//!
//! * C1: the marker is a node on the caller's stack, entered as a child. It leaves the tree before the
//!   call ends, whatever panics, as a `Child` does.
//! * C2: dependents behind the marker were there when the call began, or take the place of one that was
//!   (E3). They are moved below the marker, at most `HOLD` of them before all locks are let go (P1).
//!   Nothing is ever moved to behind the marker, so the call ends however many children come.
//! * C3: a follower of the root itself (a link that adds nothing) is not below: it goes to in front of
//!   the marker, and stays with the root.
//! * C4: the marker may be taken over like any other child, by a cancel of the root or by another
//!   call, which moves it below its own marker. Then its `source` is not the root any more, the
//!   rest of the list is that one's to deal with, and only what has been moved is left to do here.
//! * C5: `passed` of a marker's entry tells it from other children, and `spent` says whether what it has
//!   moved was live. Both are written under the root's lock and the marker's, and read under the latter.
//!   A marker whose call runs callbacks already is cancelled, and all that it has moved.

use super::cancel::{cancel, lost};
use super::waiters::need_all;
use crate::cause::Cause;
use crate::sync::{HOLD, Relaxed, Release, prefetch};
use crate::tree::handles::drop_some;
use crate::tree::hub::Hub;
use crate::tree::leave::detach;
use crate::tree::list::Entry;
use crate::tree::multi::release_multi;
use crate::tree::node::{Dependent, Link, Node, enter_locked, own_hub};
use crate::tree::state::{CANCELLED, INHERITED, NEVER, NONEMPTY, is_multi};
use core::marker::PhantomPinned;
use core::ptr::{self, addr_of};

/// Cancels everything that is below `root` now. True if any of it was live.
///
/// # Safety
///
/// `root` stays alive during the call, and by another handle than those of its dependents (P5, N4).
pub(crate) unsafe fn cancel_children(root: *const Hub, cause: Cause) -> bool {
    // SAFETY: alive by the caller's promise; the list under the lock.
    unsafe {
        let flags = (*root).word.load();
        if flags & CANCELLED == 0 && flags & NONEMPTY == 0 {
            return false;
        }
        need_all();
        let marker = Marker(Node::live(), PhantomPinned);
        let node = addr_of!(marker.0);
        let held = Hub::lock(root);
        let first = (*root).list.first();
        if held.flags & (CANCELLED | NEVER) != 0 || first.is_null() || !(*first).kind.is_dependent()
        {
            let cancelled = held.flags & CANCELLED != 0;
            Hub::unlock(root, held);
            if cancelled {
                lost(root);
            }
            return false;
        }
        (*node).dependent.entry.passed.set(true); // C5
        enter_locked(node, root, held);
        let moved = move_below(node, root);
        if moved.any {
            // Those below are to say who was asked, which is not the marker.
            cancel(addr_of!((*node).hub), cause.or_from((*root).id()));
        }
        if moved.taken_over && (*root).is_cancelled() {
            lost(root);
        }
        moved.live
    }
}

/// In place, and in a tree until it is dropped (C1). Never moved: its source's list points to it.
struct Marker(Node, PhantomPinned);

impl Drop for Marker {
    fn drop(&mut self) {
        // SAFETY: nobody has a handle of it. If the root is a `MULTI` node, there is another handle.
        unsafe {
            if let Some(source) = detach(addr_of!(self.0)) {
                release_multi(source);
            }
        }
    }
}

#[derive(Default)]
struct Moved {
    any: bool,
    /// One of them at least was not cancelled.
    live: bool,
    /// The marker was (C4).
    taken_over: bool,
}

/// Moves what is behind the marker below it (C2).
///
/// # Safety
///
/// `marker` has been entered below `root`; both are alive.
unsafe fn move_below(marker: *const Node, root: *const Hub) -> Moved {
    // SAFETY: alive by the caller's promise; dependents while linked (E4), locked after the root, of
    // which they are dependents, and after the marker, which has no source but the root (H5).
    unsafe {
        let hub = addr_of!((*marker).hub);
        let mut moved = Moved::default();
        let mut done = false;
        while !done {
            let root_held = Hub::lock(root);
            let mut held = Hub::lock(hub);
            let mut n = 0;
            // Relaxed: written under both locks (N1).
            if !ptr::eq((*marker).dependent.source.load(Relaxed), root) {
                (moved.taken_over, done) = (true, true); // C4
            }
            let budget = if done { 0 } else { HOLD };
            for _ in 0..budget {
                // (In the root's list, hence under the root's lock.)
                let entry: *const Entry = (*marker).dependent.entry.next.get();
                if entry.is_null() || !(*entry).kind.is_dependent() {
                    done = true;
                    break;
                }
                prefetch((*entry).next.get());
                (*root).list.unlink(entry);
                if (*entry).kind.is_link() && (*entry.cast::<Link>()).adds.get() & INHERITED == 0 {
                    (*root).list.push_front(entry); // C3
                    continue;
                }
                let own = own_hub(entry);
                let dependent = Hub::lock(own);
                (*hub).list.push_front(entry);
                // Release: as wherever a source is replaced (`unlink` in leave.rs).
                let source = &(*entry.cast::<Dependent>()).source;
                source.store(hub.cast_mut(), Release);
                // Another call's marker is only as live as what it has moved (C5).
                let has_live = !(*entry).passed.get() || (*entry).spent.get();
                moved.live |= has_live && dependent.flags & CANCELLED == 0;
                Hub::unlock(own, dependent);
                n += 1;
            }
            if n > 0 {
                moved.any = true;
                held.flags |= NONEMPTY;
                (*marker).dependent.entry.spent.set(moved.live); // C5
            }
            if is_multi(root_held.flags) {
                drop_some(root, n); // N4; the caller has one more
            }
            // Last locked, first unlocked (critical sections nest).
            Hub::unlock(hub, held);
            Hub::unlock(root, root_held);
        }
        moved
    }
}
