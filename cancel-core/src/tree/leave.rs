//! How dependents leave their sources, and what becomes of those below them: adoption.
//!
//! Invariants: `N` in node.rs; lock order (H5) in hub.rs.

use crate::sync::{Acquire, HOLD, Held, Patience, Relaxed, Release, Word, prefetch};
use crate::tree::handles::retain;
use crate::tree::hub::Hub;
use crate::tree::list::Entry;
use crate::tree::node::{Dependent, Link, Node, own_hub};
use crate::tree::state::{ARMED, INHERITED, MULTI, NONEMPTY, is_multi};
use core::ptr::{addr_of, null, null_mut};

/// The locks of a dependent and its source.
struct Both {
    source: *const Hub,
    source_held: Held,
    held: Held,
}

/// Locks a dependent and its source (H5: by trying the latter). `None`: it has none.
///
/// # Safety
///
/// `entry` is the head of a dependent that stays alive.
unsafe fn lock_both(entry: *const Entry) -> Result<Both, Held> {
    let mut patience = Patience::new();
    loop {
        patience.begin();
        // SAFETY: alive by the caller's promise; the source by N2.
        unsafe {
            let hub = own_hub(entry);
            let held = Hub::lock(hub);
            // Relaxed: written under this lock (N1).
            let source = (*(entry as *const Dependent)).source.load(Relaxed);
            if source.is_null() {
                return Err(held);
            }
            if let Some(source_held) = Hub::try_lock(source) {
                return Ok(Both {
                    source,
                    source_held,
                    held,
                });
            }
            Hub::unlock(hub, held);
            // (Only the address is used: the source may be gone by now.)
            patience.wait(source.cast_const().cast());
        }
    }
}

/// Takes a dependent out of its source's list. Both locks are held.
///
/// # Safety
///
/// As `lock_both` left it.
#[cfg_attr(feature = "alloc", inline)]
unsafe fn unlink(entry: *const Entry, both: &mut Both) {
    // SAFETY: both locks are held (E1, N1).
    unsafe {
        (*both.source).list.unlink(entry);
        // Release: a node that sees null without the lock may be freed (`is_alone`).
        (*(entry as *const Dependent))
            .source
            .store(null_mut(), Release);
        if (*both.source).list.is_empty() {
            both.source_held.flags &= !NONEMPTY;
        }
    }
}

/// Takes a node with nothing below it out of the list of a plain source, if neither lock has to be
/// waited for: the most common way to go. False: nothing has been done.
///
/// # Safety
///
/// As for [`detach`].
#[cfg(feature = "alloc")]
#[inline(always)]
pub(crate) unsafe fn detach_leaf(node: *const Node) -> bool {
    // SAFETY: alive by the caller's promise; the source by N2.
    unsafe {
        let hub = addr_of!((*node).hub);
        let held = Hub::lock(hub);
        // Relaxed: written under this lock (N1).
        let source = (*node).dependent.source.load(Relaxed);
        if held.flags & NONEMPTY == 0 && !source.is_null() {
            if let Some(source_held) = Hub::try_lock(source) {
                if !is_multi(source_held.flags) {
                    let mut both = Both {
                        source,
                        source_held,
                        held,
                    };
                    unlink(addr_of!((*node).dependent.entry), &mut both);
                    Hub::unlock(source, both.source_held);
                    Hub::unlock(hub, both.held);
                    return true;
                }
                Hub::unlock(source, source_held);
            }
        }
        Hub::unlock(hub, held);
        false
    }
}

/// Takes a node that nobody can reach by a handle any more out of the tree.
///
/// Its dependents go to its source, or are set free. Returns the source if the node counted among
/// its handles (N4): the caller gives that handle back.
///
/// # Safety
///
/// `node` is alive, stays so, and has no handles (or is pinned and being dropped).
#[inline(never)]
pub(crate) unsafe fn detach(node: *const Node) -> Option<*const Hub> {
    // SAFETY: alive by the caller's promise; everything else under the locks named.
    unsafe {
        let entry = addr_of!((*node).dependent.entry);
        let hub = addr_of!((*node).hub);
        loop {
            match lock_both(entry) {
                Err(mut held) => {
                    let done = hand_on(hub, null(), null(), false);
                    if done {
                        held.flags &= !NONEMPTY;
                    }
                    Hub::unlock(hub, held);
                    if done {
                        return None;
                    }
                }
                Ok(mut both) => {
                    let (source, multi) = (both.source, is_multi(both.source_held.flags));
                    let done = hand_on(hub, source, entry, multi);
                    if done {
                        unlink(entry, &mut both);
                        both.held.flags &= !NONEMPTY;
                    }
                    // Last locked, first unlocked (critical sections nest).
                    Hub::unlock(source, both.source_held);
                    Hub::unlock(hub, both.held);
                    if done {
                        return multi.then_some(source);
                    }
                }
            }
        }
    }
}

/// Hands the dependents of a node on to its source, or lets them stand alone if that is null. False:
/// there are more.
///
/// In the source's list they take the place of the node: whoever works through that list from a mark on
/// (`propagate/children.rs`) meets them where it would have met the node.
///
/// # Safety
///
/// The hub and the heir, if any, are locked, and nobody has a handle of the former. `place`: the
/// node's entry, in the list of the heir. `multi`: whether the heir is a `MULTI` node.
unsafe fn hand_on(hub: *const Hub, heir: *const Hub, place: *const Entry, multi: bool) -> bool {
    // SAFETY: dependents are locked after their source and its source (H5), and alive while linked
    // (E4).
    unsafe {
        for _ in 0..HOLD {
            let first = (*hub).list.first();
            if first.is_null() || !(*first).kind.is_dependent() {
                return true; // what is left stays (N6)
            }
            prefetch((*first).next.get());
            let own = own_hub(first);
            let dependent = Hub::lock(own);
            (*hub).list.unlink(first);
            if !heir.is_null() {
                (*heir).list.insert_before(place, first);
                if (*first).kind.is_link() {
                    // What it would have taken over through us.
                    (*first.cast::<Link>()).adds.set(INHERITED);
                }
                if multi {
                    retain(heir); // N4
                }
            }
            // Release: as in `unlink`.
            let source = &(*first.cast::<Dependent>()).source;
            source.store(heir.cast_mut(), Release);
            Hub::unlock(own, dependent);
        }
        let first = (*hub).list.first();
        first.is_null() || !(*first).kind.is_dependent()
    }
}

/// Takes a link out of its source's list, and returns the source if that has to be released.
///
/// # Safety
///
/// The link and its owner are alive.
#[cfg(feature = "alloc")]
pub(crate) unsafe fn leave(link: *const Link) -> Option<*const Hub> {
    // SAFETY: alive by the caller's promise; locks as in `detach`.
    unsafe {
        let entry = addr_of!((*link).dependent.entry);
        let own = own_hub(entry);
        match lock_both(entry) {
            Err(held) => {
                Hub::unlock(own, held);
                None
            }
            Ok(mut both) => {
                unlink(entry, &mut both);
                let (source, multi) = (both.source, is_multi(both.source_held.flags));
                Hub::unlock(source, both.source_held);
                Hub::unlock(own, both.held);
                multi.then_some(source)
            }
        }
    }
}

/// Whether a node is registered nowhere, has nothing registered, and is not `MULTI`, so that it can be
/// freed without a lock.
///
/// # Safety
///
/// `node` is alive and has no handle but one of the caller's.
#[inline]
pub(crate) unsafe fn is_alone(node: *const Node) -> bool {
    // `source` first: whoever clears it does so inside the node's lock, with Release. If we see
    // null, we also see that lock taken, or what came after. The other way round, the state could
    // be from before the lock, and the node be freed under the canceller's hands.
    // SAFETY: alive by the caller's promise.
    unsafe {
        if !(*node).dependent.source.load(Acquire).is_null() {
            return false;
        }
        let flags = (*node).hub.word.load();
        !Word::is_locked(flags) && flags & (NONEMPTY | MULTI | ARMED) == 0
    }
}
