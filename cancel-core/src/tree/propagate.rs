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
//!   work list:  [ HELD: dependents to be marked; adopted from these | HELD+DONE: all are marked ]
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
//! A root that begins with waiters has no dependents (E3), and needs none of this until the first
//! callback: `waiters.rs` takes them out a few at a time and wakes them.
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

mod batch;

mod work;

mod serve;

mod mark;

mod below;
#[cfg_attr(not(feature = "alloc"), path = "propagate/waiters_first.rs")]
mod waiters;

mod cancel;

mod children;

pub(crate) use cancel::cancel;
pub(crate) use children::cancel_children;
pub(crate) use waiters::need_all;
