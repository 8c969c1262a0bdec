//! The tree: nodes, their place below a source, adoption.
//!
//! Invariants (`E` in list.rs, `H` in hub.rs)
//!
//! * N1: a dependent is in the list of the hub that its `source` points to, and nowhere if `source`
//!   is null. `source` is written under the dependent's own lock *and* the source's; so holding
//!   either keeps it as it is.
//! * N2: while a dependent's lock is held and its `source` is not null, the source is alive: it
//!   cannot go without unlinking the dependent first, for which it needs that lock.
//! * N3: a node with one source does not keep it alive, and is not kept alive by it. When a node
//!   goes, its dependents are adopted by its source, or set free if there is none.
//! * N4: a node with several sources (`MULTI`) cannot hand its dependents on. So each of them counts
//!   among its handles.
//! * N5: a node that is in a canceller's work list has that list's hub as its `source` (`MULTI`
//!   nodes: is held by one of the canceller's handles instead).
//! * N6: a node without handles gets none any more. Its list may still hold waiters whose futures
//!   have been forgotten; these are dropped out of the list, nobody will touch them.
//! * N7: pointers to nodes come from the allocation or the pin, never from a `&Token`. From a hub
//!   alone only hub operations are done; `MULTI` nodes expose their address for [`Multi::of`].

use crate::hub::Hub;
use crate::list::{Entry, Kind};
use crate::state::{CANCELLED, INHERITED, NEVER, NONEMPTY, OUTCOME, is_multi};
use crate::sync::{
    Acquire, AtomicPtr, HOLD, Held, LockedCell, Patience, Relaxed, Release, Word, const_fn,
    const_value, prefetch,
};
use core::ptr::{addr_of, null, null_mut};

/// The head of a child node or a link.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Dependent {
    pub(crate) entry: Entry,
    pub(crate) source: AtomicPtr<Hub>,
}

impl Dependent {
    const_fn! {
    pub(crate) const fn new(kind: Kind) -> Self {
        Dependent {
            entry: Entry::new(kind),
            source: AtomicPtr::new(null_mut()),
        }
    }
    }
}

/// A token that can stand below another: on the heap, or pinned where it is.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Node {
    pub(crate) dependent: Dependent,
    pub(crate) hub: Hub,
}

/// One source of a `MULTI` node.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Link {
    pub(crate) dependent: Dependent,
    pub(crate) owner: *const Node,
    /// `INHERITED` if the owner is a child of this source, or has come to it by adoption; 0 if it
    /// only follows it. Guarded like `source`.
    pub(crate) adds: LockedCell<u32>,
}

impl Node {
    const_fn! {
    pub(crate) const fn new(flags: u32) -> Self {
        Node {
            dependent: Dependent::new(Kind::Child),
            hub: Hub::with_handles(flags, 1),
        }
    }
    }
}

impl Node {
    /// A live node, copied from a constant: built field by field on the stack it takes longer.
    #[inline(always)]
    pub(crate) fn live() -> Self {
        const_value!(Node::new(0))
    }
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Node>() == size_of::<Hub>() + 4 * size_of::<usize>());

/// The hub whose lock guards the `source` of a dependent.
///
/// # Safety
///
/// `entry` is the head of a living dependent.
#[inline(always)]
pub(crate) unsafe fn own_hub(entry: *const Entry) -> *const Hub {
    // SAFETY: by its kind, the entry is the first field of a `Link` or of a `Node`.
    unsafe {
        match (*entry).kind.is_link() {
            true => addr_of!((*(*(entry as *const Link)).owner).hub),
            false => addr_of!((*(entry as *const Node)).hub),
        }
    }
}

/// Puts a new node below `source`; if that is cancelled, the node is so too, and stands alone.
///
/// # Safety
///
/// `node` is alive, pinned, and known to nobody else. `source` is alive now; from then on N2 holds.
#[inline]
pub(crate) unsafe fn enter(node: *const Node, source: *const Hub) {
    // SAFETY: the caller's promise.
    unsafe { enter_locked(node, source, Hub::lock(source)) }
}

/// The same for a node in place: the first time only.
///
/// # Safety
///
/// `node` is alive and pinned, and always comes with the same `source`, which is alive. From then on
/// N2 holds.
pub(crate) unsafe fn enter_once(node: *const Node, source: *const Hub) {
    // SAFETY: `spent` is guarded by the source's lock; until it is set the node is in no tree.
    unsafe {
        let held = Hub::lock(source);
        let entry = &(*node).dependent.entry;
        if entry.spent.get() {
            return Hub::unlock(source, held);
        }
        entry.spent.set(true);
        enter_locked(node, source, held);
    }
}

/// # Safety
///
/// As for `enter`; `held` is the lock of `source`, which is unlocked.
#[inline(always)]
unsafe fn enter_locked(node: *const Node, source: *const Hub, mut held: Held) {
    // SAFETY: alive; lists under the source's lock.
    unsafe {
        if held.flags & (CANCELLED | NEVER) == 0 {
            // Relaxed: the node is known to nobody before the unlock below.
            (*node).dependent.source.store(source.cast_mut(), Relaxed);
            (*source).list.push_front(addr_of!((*node).dependent.entry));
            if is_multi(held.flags) {
                crate::multi::retain(source); // N4
            }
            held.flags |= NONEMPTY;
        } else if held.flags & CANCELLED != 0 {
            inherit(node, source, held.flags & OUTCOME | INHERITED);
        }
        Hub::unlock(source, held);
    }
}

/// Makes a node that is in no tree a cancelled one, like `source`.
///
/// # Safety
///
/// Both are alive; `source` is cancelled, and locked.
#[cold]
unsafe fn inherit(node: *const Node, source: *const Hub, flags: u32) {
    // SAFETY: the source's reference keeps the block alive. Relaxed: its flags have been read
    // under its lock; ours are published by the unlock (H2).
    unsafe {
        let cause = (*source).cause.load(Relaxed);
        crate::detail::reserve(cause, 1);
        (*node).hub.cause.store(cause, Relaxed);
        let hub = addr_of!((*node).hub);
        let mut held = Hub::lock(hub);
        held.flags |= flags;
        Hub::unlock(hub, held);
    }
}

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
                    let done = hand_on(hub, null(), false);
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
                    let done = hand_on(hub, source, multi);
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

/// Drops a registration that its owner has forgotten out of the front of the list (N6).
///
/// # Safety
///
/// The hub is locked and has no handles; `entry` is the first of its list, and not a dependent.
unsafe fn drop_forgotten(hub: *const Hub, entry: *const Entry) {
    // SAFETY: forgotten entries are never freed (E4).
    unsafe {
        (*hub).list.unlink(entry);
        (*entry).queued.store(false, Release);
    }
}

/// Hands the dependents of a node on to its source, or lets them stand alone if that is null. False:
/// there are more.
///
/// # Safety
///
/// The hub and the heir, if any, are locked, and nobody has a handle of the former. `multi`: whether
/// the heir is a `MULTI` node.
unsafe fn hand_on(hub: *const Hub, heir: *const Hub, multi: bool) -> bool {
    // SAFETY: dependents are locked after their source and its source (H5), and alive while linked
    // (E4).
    unsafe {
        for _ in 0..HOLD {
            let first = (*hub).list.first();
            if first.is_null() {
                break;
            }
            if !(*first).kind.is_dependent() {
                drop_forgotten(hub, first);
                continue;
            }
            prefetch((*first).next.get());
            let own = own_hub(first);
            let dependent = Hub::lock(own);
            (*hub).list.unlink(first);
            if !heir.is_null() {
                (*heir).list.push_front(first);
                if (*first).kind.is_link() {
                    // What it would have taken over through us.
                    (*first.cast::<Link>()).adds.set(INHERITED);
                }
                if multi {
                    crate::multi::retain(heir); // N4
                }
            }
            // Release: as in `unlink`.
            let source = &(*first.cast::<Dependent>()).source;
            source.store(heir.cast_mut(), Release);
            Hub::unlock(own, dependent);
        }
        (*hub).list.is_empty()
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

/// Whether a node that has lost its last handle is registered nowhere and has nothing registered,
/// so that it can be freed without a lock.
///
/// # Safety
///
/// `node` is alive and has no handles.
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
        !Word::is_locked(flags) && flags & NONEMPTY == 0
    }
}
