//! What a cancel at work knows. Invariants: `propagate.rs`.

use super::batch::Batch;
use crate::cause::Said;
use crate::sync::Panics;
use crate::tree::block::Calls;
use crate::tree::hub::Hub;
use crate::tree::multi::Finished;
use crate::tree::timed::Closed;

/// A cancel at work.
pub(super) struct Cancel {
    pub(super) root: *const Hub,
    /// What everybody reached says; kept alive by the root's reference, or by one of ours (`kept`).
    pub(super) said: Said,
    /// References to `said` that are reserved and not given out yet, `kept` included.
    pub(super) spare: u32,
    /// References to `said` that stay until the end: 1 if the root has another block.
    pub(super) kept: u32,
    /// `CANCELLED`, reason, payload.
    pub(super) outcome: u32,
    /// `INHERITED` if the root says so.
    pub(super) inherited: u32,
    pub(super) work: *const Hub,
    pub(super) left: *const Hub,
    /// Something was put into one of the lists at some time, so others may know it.
    pub(super) used: bool,
    /// There may be nodes in the left list.
    pub(super) nodes_left: bool,
    /// There may be waiters in the root's list.
    pub(super) root_left: bool,
    /// There may be callbacks in the root's list, and nothing else.
    pub(super) root_calls: bool,
    /// There may be nodes in the left list with callbacks, and none with anything else.
    pub(super) node_calls: bool,
    pub(super) batch: Batch,
    pub(super) calls: Calls,
    pub(super) finished: Finished,
    /// The time limits of nodes that have been marked, whose tasks are to be woken.
    pub(super) closed: Closed,
    /// What another cancel is marking; the root while there is nothing. (Not null: the fewer zeros, the
    /// less a small machine needs `memset` for them.)
    pub(super) busy: *const Hub,
    pub(super) panics: Panics,
    /// All is done.
    pub(super) served: bool,
}
