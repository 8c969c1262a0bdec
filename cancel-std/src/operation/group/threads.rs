//! Closures on other threads, which the groups around them wait for.

use super::shared::GroupCore;
use crate::basics::panics::forget;
use crate::operation::Edges;
use crate::operation::base::Cx;
use crate::operation::details::HoldThreads;
use std::fmt;
use std::iter::once;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

impl HoldThreads for GroupCore {
    fn enter_thread(&self) -> bool {
        GroupCore::enter_thread(self)
    }

    fn leave_thread(&self) {
        GroupCore::leave_thread(self);
    }
}

/// A closure that may run on another thread: groups are not over before it is.
#[doc(hidden)]
pub struct HeldGroups(Vec<Arc<dyn HoldThreads>>);

impl<R> Cx<R> {
    /// For adapters, around a closure on another thread: no group around this operation is over before the
    /// returned value is dropped.
    #[doc(hidden)]
    pub fn hold_groups(&self) -> HeldGroups {
        let own = self.operation();
        let around = own.inner.ancestors(Edges::Around);
        let groups = once(own).chain(around).filter_map(|op| {
            let state = op.inner.lock();
            state.details.as_ref()?.group.as_ref()?.upgrade()
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
