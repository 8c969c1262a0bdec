//! What only some operations have.

use crate::report::context::Partial;
use crate::report::progress::Progress;
use crate::report::task_report::TaskReport;
use crate::report::undelivered::Undelivered;
use cancel_core::Instant;
use std::sync::{Arc, Weak};
use std::task::Waker;

/// The settings of an operation that is run as a group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct GroupSettings {
    pub(super) each_for_itself: bool,
    pub(super) limit: usize,
    /// The grace period is that of the group, for cancels that come from there.
    pub(super) grace_of_group: bool,
}

/// What is only there if it was reported.
#[derive(Default)]
pub(crate) struct Details {
    /// When its run saw that it is to end, if it did not end at once.
    pub(crate) requested: Option<Instant>,
    pub(crate) error: Option<String>,
    /// The run was dropped with a cleanup that had not run to its end.
    pub(crate) cleanup_lost: bool,
    pub(crate) progress: Option<Progress>,
    pub(crate) partial: Option<Partial>,
    /// Of chunked streams.
    pub(crate) undelivered: Undelivered,
    /// Of a group.
    pub(crate) group: Option<Weak<dyn HoldThreads>>,
    pub(crate) tasks: Option<Arc<TaskReport>>,
    /// How many reports there were.
    pub(crate) version: u64,
    /// Those who wait for the next one, each with a number of its own.
    pub(crate) watchers: Vec<(u64, Waker)>,
}

/// What closures on other threads hold: a group that has threads to wait for.
pub(crate) trait HoldThreads: Send + Sync {
    /// False: the group is over.
    fn enter_thread(&self) -> bool;

    fn leave_thread(&self);
}
