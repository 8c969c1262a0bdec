//! The tree of tokens: words, lists, nodes, and how a cancel goes through them.
//!
//! All of the wing is unsafe code. Each file says by which numbered invariants it is sound: E in
//! `list.rs`, H in `hub.rs`, M1 and M2 in `handles.rs`, N in `node.rs`, B in `block.rs`, K in `hook.rs`,
//! M3 and M4 in `multi.rs`, T in `timed.rs`, P in `propagate.rs`.

mod state;

mod list;

mod hub;

#[cfg_attr(not(feature = "alloc"), path = "tree/handles_none.rs")]
mod handles;

mod node;

#[cfg_attr(not(feature = "alloc"), path = "tree/timed_none.rs")]
mod timed;

mod leave;

#[cfg_attr(not(feature = "alloc"), path = "tree/block_none.rs")]
mod block;

mod hook;

#[cfg_attr(not(feature = "alloc"), path = "tree/multi_none.rs")]
mod multi;

mod propagate;

#[cfg(feature = "alloc")]
pub(crate) use block::Block;
pub(crate) use block::Orphans;
#[cfg(feature = "alloc")]
pub(crate) use handles::retain;
pub(crate) use hook::Hook;
pub(crate) use hub::{Hub, Waiter};
pub(crate) use leave::detach;
pub(crate) use list::{Entry, Kind, List};
pub(crate) use multi::release_multi;
#[cfg(feature = "alloc")]
pub(crate) use multi::{Multi, new_node, release};
pub(crate) use node::{Node, enter_once};
pub(crate) use propagate::{cancel, cancel_children, need_all};
#[cfg(feature = "alloc")]
pub(crate) use state::INHERITED;
pub(crate) use state::{CANCELLED, NEVER, NONEMPTY};
#[cfg(feature = "alloc")]
pub(crate) use timed::{Timed, arm, deadline, disarm};
