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
//!   work list:  [ adopted | HELD: dependents to be marked | HELD+DONE: all of them are marked ]
//!                 front ◀──────────────────────────────────────────────────────────────▶ back
//!   left list:  [ all marked, waiters or callbacks are left ]
//! ```
//!
//! The **left list** is a second one, of nodes of which only waiters and callbacks are left.
//!
//! Callbacks come when no waiter is left anywhere. Those on the heap are chained up meanwhile
//! (`Calls`). Those in place may go at any time, so they stay where they are: the canceller moves
//! them to the back of their token's list, in order, and with them the heap's that come after, and
//! takes them from there in the end.
//!
//! Invariants (`H` hub.rs, `N` node.rs, `M` multi.rs)
//!
//! * P1: at most `HOLD` entries are handled before all locks are let go. Order: work list, left list,
//!   node, dependent (H5: the lists come before what is in them).
//! * P2: whoever is the root of a cancel, or is held with dependents still to be marked, has
//!   `MARKING`. It is cleared everywhere before the first foreign code runs, or a waker that cancels
//!   would wait for itself.
//! * P3: waiting for another canceller's marking happens with no lock held, and only for nodes met
//!   as *children*: such a node is the root of that other cancel. Roots waited for stand strictly
//!   lower in the DAG each time, so nobody waits in a circle. Nodes met through links are never
//!   waited for: two cancels that share followers would wait for each other. So the promise above
//!   does not reach below a follower that another source's cancel is marking at that moment.
//! * P4: both lists are empty when `cancel` ends, whatever panicked.
//! * P5: a root is borrowed from a handle (or a place) by the caller, and so outlives the cancel.

pub(crate) use waiters::need_all;

mod mark;
mod serve;
#[cfg_attr(not(feature = "alloc"), path = "propagate/waiters_first.rs")]
mod waiters;

use crate::block::Calls;
use crate::cause::Cause;
use crate::detail::Detail;
use crate::hub::Hub;
use crate::multi::Finished;
use crate::state::{CANCELLED, MARKING, NEVER, NONEMPTY, OUTCOME};
use crate::sync::{BATCH, CAN_WAIT, Held, Panics, Patience, Relaxed, Word};
use core::mem::MaybeUninit;
use core::ptr::addr_of;
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
        waiters::serve(root, held);
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
        // The two lists. Others reach them through `source` until they are empty again (P4).
        let (work, left) = (Hub::new(0), Hub::new(0));
        let mut cancel = Cancel {
            root,
            detail: (*root).cause.load(Relaxed),
            spare: 0,
            outcome: held.flags & OUTCOME,
            work: addr_of!(work),
            left: addr_of!(left),
            used: false,
            nodes_left: false,
            root_left: false,
            root_calls: false,
            node_calls: false,
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            filled: 0,
            woken: 0,
            calls: Calls::new(),
            finished: Finished::new(),
            busy: root,
            panics: Panics::new(),
            served: false,
        };
        let first = (*root).list.first();
        if (*first).kind.is_dependent() {
            held.flags |= MARKING;
            Word::publish(addr_of!((*root).word), &held);
            cancel.mark(held);
        } else {
            cancel.root_left = true;
            cancel.take_from_root(&mut held);
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
    left: *const Hub,
    /// Something was put into one of the lists at some time, so others may know it.
    used: bool,
    /// There may be nodes in the left list.
    nodes_left: bool,
    /// There may be waiters in the root's list.
    root_left: bool,
    /// There may be callbacks in the root's list, and nothing else.
    root_calls: bool,
    /// There may be nodes in the left list with callbacks, and none with anything else.
    node_calls: bool,
    wakers: [MaybeUninit<Waker>; BATCH],
    filled: usize,
    woken: usize,
    calls: Calls,
    finished: Finished,
    /// What another cancel is marking; the root while there is nothing. (Not null: the fewer zeros, the
    /// less a small machine needs `memset` for them.)
    busy: *const Hub,
    panics: Panics,
    /// All is done.
    served: bool,
}
