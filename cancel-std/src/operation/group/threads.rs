//! Closures on other threads, which the groups around them wait for.

use super::shared::GroupCore;
use crate::operation::{Cx, Edges};
use crate::panics::forget;
use std::fmt;
use std::iter::once;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

/// What an operation that is run as a group knows of it.
#[derive(Default)]
pub(crate) struct OwnGroup(Weak<GroupCore>);

impl OwnGroup {
    pub(super) fn new(shared: &Arc<GroupCore>) -> Self {
        OwnGroup(Arc::downgrade(shared))
    }
}

/// A closure that may run on another thread: groups are not over before it is.
#[doc(hidden)]
pub struct HeldGroups(Vec<Arc<GroupCore>>);

impl<R> Cx<R> {
    /// For adapters, around a closure on another thread: no group around this operation is over before the
    /// returned value is dropped.
    #[doc(hidden)]
    pub fn hold_groups(&self) -> HeldGroups {
        let own = self.operation();
        let around = own.inner.ancestors(Edges::Around);
        let groups = once(own).chain(around).filter_map(|op| {
            let state = op.inner.lock();
            state.details.as_ref()?.group.0.upgrade()
        });
        HeldGroups(groups.filter(|group| group.enter_thread()).collect())
    }
}

impl fmt::Debug for HeldGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldGroups")
    }
}

impl Drop for HeldGroups {
    fn drop(&mut self) {
        for group in self.0.drain(..) {
            // (Wakes the runner of the group, whose waker is foreign.)
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| group.leave_thread())) {
                forget(payload);
            }
        }
    }
}
