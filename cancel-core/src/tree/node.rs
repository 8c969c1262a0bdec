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
//!   have been forgotten, which nobody will touch, and callbacks that have been detached (B4 in
//!   block.rs). They stay in the list until the node is out of the tree.
//! * N7: pointers to nodes come from the allocation or the pin, never from a `&Token`. From a hub
//!   alone only hub operations are done; `MULTI` nodes expose their address for [`Multi::of`].
//!   Pointers to entries come from a pointer to the whole that the entry is the head of, never from a
//!   reference to the entry: what stands behind the entry is reached through them.

use crate::cause::Said;
use crate::sync::{AtomicPtr, Held, LockedCell, Relaxed, assert_size, const_fn, const_value};
use crate::tree::handles::retain;
use crate::tree::hub::Hub;
use crate::tree::list::{Entry, Kind};
use crate::tree::state::{CANCELLED, INHERITED, NEVER, NONEMPTY, OUTCOME, is_multi};
use core::ptr::{addr_of, null_mut};

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

assert_size!(Node, size_of::<Hub>() + 4 * size_of::<usize>());

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
    unsafe {
        let held = Hub::lock(source);
        let flags = held.flags;
        enter_locked(node, source, held);
        if flags & CANCELLED != 0 {
            // Outside of the lock, as it may allocate; what the source says is final.
            let said = (*source).cause.get().inherit((*source).id());
            inherit(node, said, flags & OUTCOME | INHERITED);
        }
    }
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
        let entry = &(*node).dependent.entry;
        let mut said = None;
        loop {
            let held = Hub::lock(source);
            let flags = held.flags;
            if entry.spent.get() {
                Hub::unlock(source, held);
                break;
            }
            if flags & CANCELLED == 0 {
                entry.spent.set(true);
                return enter_locked(node, source, held);
            }
            // Whoever comes second has to find a cancelled token: so it becomes one under the lock. But
            // what it says may have to be allocated before; what the source says is final.
            if let Some(said) = said.take() {
                entry.spent.set(true);
                inherit(node, said, flags & OUTCOME | INHERITED);
                return Hub::unlock(source, held);
            }
            Hub::unlock(source, held);
            said = Some((*source).cause.get().inherit((*source).id()));
        }
        if let Some(said) = said {
            said.unreserve(1); // the other one has its own
        }
    }
}

/// Puts the node below a source that can be cancelled and is not.
///
/// # Safety
///
/// As for `enter`; `held` is the lock of `source`, which is unlocked.
#[inline(always)]
pub(crate) unsafe fn enter_locked(node: *const Node, source: *const Hub, mut held: Held) {
    // SAFETY: alive; lists under the source's lock.
    unsafe {
        if held.flags & (CANCELLED | NEVER) == 0 {
            // Relaxed: the node is known to nobody before the unlock below.
            (*node).dependent.source.store(source.cast_mut(), Relaxed);
            (*source).list.push_front(addr_of!((*node).dependent.entry));
            if is_multi(held.flags) {
                retain(source); // N4
            }
            held.flags |= NONEMPTY;
        }
        Hub::unlock(source, held);
    }
}

/// Makes a node that is in no tree a cancelled one.
///
/// # Safety
///
/// `node` is alive, and takes over the reference that `said` is.
#[cold]
unsafe fn inherit(node: *const Node, said: Said, flags: u32) {
    // SAFETY: alive; published by the unlock (H2).
    unsafe {
        let hub = addr_of!((*node).hub);
        let mut held = Hub::lock(hub);
        (*hub).cause.set(said);
        held.flags |= flags;
        Hub::unlock(hub, held);
    }
}
