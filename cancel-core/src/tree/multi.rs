//! Nodes that follow several sources (any, all), and the release of nodes.
//!
//! Invariants (`E` list.rs, `H` hub.rs, `N` node.rs; M1 and M2 in handles.rs)
//!
//! * M3: the links of a `Multi` are made with it, never move, and leave their sources before it is
//!   freed. The `source` of a link is guarded by the lock of its owner (N1).
//! * M4: nothing recurses: nodes whose count has reached 0 stand in a chain made of their own,
//!   otherwise unused, entry.

use crate::sync::{LockedCell, Relaxed};
use crate::tree::block::Orphans;
use crate::tree::handles::{drop_one, is_sole, retain};
use crate::tree::hub::Hub;
use crate::tree::leave::{detach, detach_leaf, is_alone, leave};
use crate::tree::list::{Entry, Kind};
use crate::tree::node::{Dependent, Link, Node, enter};
use crate::tree::state::{ALL, ARMED, CANCELLED, INHERITED, MULTI, NEVER, NONEMPTY, OUTCOME};
use crate::tree::timed;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::{ManuallyDrop, offset_of};
use core::ptr::{self, addr_of, null};

/// A node with links to its sources.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Multi {
    node: Node,
    /// Sources that have not fired yet; guarded by the node's lock.
    remaining: LockedCell<usize>,
    links: Box<[Link]>,
}

/// `MULTI` nodes of which a canceller still has a handle, chained by their entries.
pub(crate) struct Finished(*const Entry);

impl Finished {
    pub(crate) const fn new() -> Self {
        Finished(null())
    }

    /// # Safety
    ///
    /// `entry` is that of a `MULTI` node, in no list, and the canceller has a handle of the node.
    pub(crate) unsafe fn add(&mut self, entry: *const Entry) {
        // SAFETY: the entry is the canceller's, since it has a handle of the node.
        unsafe { (*entry).next.set(self.0) };
        self.0 = entry;
    }

    /// Takes one out, whose handle is to be given back.
    pub(crate) fn next(&mut self) -> Option<*const Hub> {
        if self.0.is_null() {
            return None;
        }
        let node = self.0.cast::<Node>();
        // SAFETY: the canceller's until it gives its handle back.
        unsafe {
            self.0 = (*node).dependent.entry.next.get();
            (*node).dependent.entry.next.set(null());
            Some(addr_of!((*node).hub))
        }
    }
}

/// Gives a handle back.
///
/// # Safety
///
/// The caller has a handle of `node`, which is used up.
#[inline]
pub(crate) unsafe fn release(node: *const Node) {
    // SAFETY: alive while we have a handle.
    unsafe {
        let hub = addr_of!((*node).hub);
        if is_sole(hub) {
            match is_alone(node) {
                true => free_alone(node),
                false => release_sole(node),
            }
        } else if drop_one(hub) {
            release_last(node);
        }
    }
}

/// Gives the only handle of a node back that may be in a tree, or `MULTI`.
///
/// # Safety
///
/// As for [`release`].
#[inline(never)]
unsafe fn release_sole(node: *const Node) {
    // SAFETY: alive while we have a handle. `MULTI` never changes after the node was made.
    unsafe {
        let hub = addr_of!((*node).hub);
        if (*hub).word.load() & (MULTI | ARMED) != 0 {
            if drop_one(hub) {
                release_last(node); // M2
            }
        } else if detach_leaf(node) {
            free_alone(node);
        } else {
            release_last(node);
        }
    }
}

/// Takes a node out of the tree and frees it.
///
/// # Safety
///
/// `node` is alive, and has no handle but, if it is neither `MULTI` nor `ARMED`, one of the caller's, which
/// is used up.
#[cold]
#[inline(never)]
unsafe fn release_last(node: *const Node) {
    // SAFETY: nobody else frees it.
    unsafe {
        let hub = addr_of!((*node).hub);
        if (*hub).word.load() & MULTI != 0 {
            return destroy(node);
        }
        // (Its task finds no handle to take, or no target.)
        let _closed = timed::disarm(hub, null());
        let _then = detach(node).map(ReleaseLater);
        free(node);
    }
}

/// Gives a handle of a `MULTI` node back when dropped, whatever panics before.
struct ReleaseLater(*const Hub);

impl Drop for ReleaseLater {
    fn drop(&mut self) {
        // SAFETY: made with a handle.
        unsafe { release_multi(self.0) }
    }
}

/// Gives back the handle of a `MULTI` node that a dependent was.
///
/// # Safety
///
/// As for [`release`].
pub(crate) unsafe fn release_multi(hub: *const Hub) {
    // SAFETY: the caller's handle.
    unsafe {
        if drop_one(hub) {
            destroy(Multi::of(hub));
        }
    }
}

/// Frees a plain node that is in no tree and has nothing in its list.
///
/// # Safety
///
/// Nobody can reach it any more.
#[inline(always)]
unsafe fn free_alone(node: *const Node) {
    // SAFETY: plain nodes come from a `Box` of their own (`new_node`).
    unsafe {
        if Hub::end(addr_of!((*node).hub)) {
            drop(Box::from_raw(node.cast_mut()));
        }
    }
}

/// Frees a plain node that is out of the tree.
///
/// # Safety
///
/// Nobody can reach it any more.
unsafe fn free(node: *const Node) {
    // SAFETY: passed on.
    unsafe {
        // Dropped last.
        let _orphans = Orphans::of(addr_of!((*node).hub));
        free_alone(node);
    }
}

/// Takes a `MULTI` node without handles out of its sources and frees it, then those of its sources
/// which that was the last handle of, and so on.
///
/// # Safety
///
/// The count of `node` has just reached 0.
#[inline(never)]
unsafe fn destroy(node: *const Node) {
    drop(Chain(node));
}

/// `MULTI` nodes without handles, chained by their entries (M4).
struct Chain(*const Node);

impl Drop for Chain {
    fn drop(&mut self) {
        // SAFETY: nodes of the chain are ours alone: no handles, no dependents (N4), not in a work
        // list (a canceller would have a handle), so their entry is free to chain them (M4). Links
        // leave under the locks.
        unsafe {
            while !self.0.is_null() {
                let multi = self.0.cast::<Multi>();
                self.0 = (*multi).node.dependent.entry.next.get().cast();
                let links = &(*multi).links;
                for link in links.iter() {
                    let Some(source) = leave(link) else { continue };
                    if drop_one(source) {
                        let source = Multi::of(source);
                        (*source).dependent.entry.next.set(self.0.cast());
                        self.0 = source;
                    }
                }
                // What follows may drop errors and closures of the user's, and wake a task, all of which
                // may panic: then the rest goes while unwinding.
                let rest = Chain(core::mem::replace(&mut self.0, null()));
                let hub = addr_of!((*multi).node.hub);
                let orphans = Orphans::of(hub);
                let closed = timed::disarm(hub, null());
                if Hub::end(hub) {
                    drop(Box::from_raw(multi.cast_mut()));
                }
                drop(closed);
                drop(orphans);
                self.0 = ManuallyDrop::new(rest).0;
            }
        }
    }
}

impl Multi {
    /// The node that a `MULTI` hub is part of.
    ///
    /// # Safety
    ///
    /// `hub` is the hub of a living `MULTI` node.
    unsafe fn of(hub: *const Hub) -> *const Node {
        // The pointer may come from a `&'static Token` and be good for the hub alone (N7).
        ptr::with_exposed_provenance(hub.addr() - offset_of!(Multi, node) - offset_of!(Node, hub))
    }

    /// A node that follows `sources`, cancelled already if these say so. It has one handle.
    ///
    /// Beside each source stands what it adds to the flags taken over: `INHERITED` for a parent.
    ///
    /// # Safety
    ///
    /// All sources are alive during the call.
    pub(crate) unsafe fn follow(sources: Vec<(*const Hub, u32)>, all: bool) -> *const Node {
        let links = sources.iter().map(|&(_, adds)| Link {
            dependent: Dependent::new(Kind::Link),
            owner: null(),
            adds: LockedCell::new(adds),
        });
        let multi: *mut Multi = Box::into_raw(Box::new(Multi {
            node: Node::new(MULTI | if all { ALL } else { 0 }),
            remaining: LockedCell::new(sources.len()),
            links: links.collect(),
        }));
        let _ = multi.expose_provenance();
        // SAFETY: nobody else knows the node yet.
        unsafe {
            let links = &mut (*multi).links;
            for link in links.iter_mut() {
                link.owner = addr_of!((*multi).node);
            }
            let hub = addr_of!((*multi).node.hub);
            let links = &(*multi).links;
            for (link, (source, adds)) in links.iter().zip(sources) {
                if follow_one(link, source) {
                    continue;
                }
                // `source` has been cancelled before. (What it says may take an allocation, so that is
                // not done under the lock.)
                let flags = (*source).word.load();
                let said = (*source).cause.get().inherit((*source).id());
                let mut held = Hub::lock(hub);
                let fire = held.flags & CANCELLED == 0 && (*multi).fired(&held);
                // A canceller may be at it already, through a link that was made before: but it
                // finds nothing below us, so there is nothing to mark here either.
                if fire {
                    held.flags |= flags & (OUTCOME | INHERITED) | adds;
                    (*hub).cause.set(said);
                }
                Hub::unlock(hub, held);
                if !fire {
                    said.unreserve(1); // (no foreign code: the source refers to what was said, too)
                }
            }
            addr_of!((*multi).node)
        }
    }

    /// One source has fired: whether that cancels the node.
    ///
    /// # Safety
    ///
    /// `held` is the node's lock.
    unsafe fn fired(&self, held: &crate::sync::Held) -> bool {
        // SAFETY: guarded by the lock.
        unsafe {
            let remaining = self.remaining.get() - 1;
            self.remaining.set(remaining);
            held.flags & ALL == 0 || remaining == 0
        }
    }
}

/// Whether a source's firing cancels the owner of `link` now.
///
/// # Safety
///
/// `held` is the lock of the owner, which is not cancelled.
pub(crate) unsafe fn fires(link: *const Link, held: &crate::sync::Held) -> bool {
    // SAFETY: owners of links are the first field of a `Multi`.
    unsafe { (*(*link).owner.cast::<Multi>()).fired(held) }
}

/// Enters a link with its source. False: the source is cancelled.
///
/// # Safety
///
/// Both are alive; the link is in no list.
unsafe fn follow_one(link: *const Link, source: *const Hub) -> bool {
    // SAFETY: the source comes before the owner in the lock order (H5); both locks are held while
    // `source` is written (N1), since other links may already have made the owner known.
    unsafe {
        let own = addr_of!((*(*link).owner).hub);
        let mut held = Hub::lock(source);
        let cancelled = held.flags & CANCELLED != 0;
        if held.flags & (CANCELLED | NEVER) == 0 {
            let owner = Hub::lock(own);
            (*link).dependent.source.store(source.cast_mut(), Relaxed);
            // (Made from the pointer to the link, so that it is good for all of it, N7.)
            (*source).list.push_front(addr_of!((*link).dependent.entry));
            held.flags |= NONEMPTY;
            if held.flags & MULTI != 0 {
                retain(source); // N4
            }
            Hub::unlock(own, owner);
        }
        Hub::unlock(source, held);
        !cancelled
    }
}

/// A node below `source`, on the heap, with one handle.
///
/// # Safety
///
/// `source` is alive now, or null.
#[inline]
pub(crate) unsafe fn new_node(source: *const Hub) -> *const Node {
    // Written where it stays, from a constant.
    let mut node = Box::<Node>::new_uninit();
    node.write(Node::live());
    let node: *const Node = Box::into_raw(node).cast();
    if !source.is_null() {
        // SAFETY: nobody else knows the node.
        unsafe { enter(node, source) };
    }
    node
}
