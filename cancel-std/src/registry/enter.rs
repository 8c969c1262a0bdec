//! What operations tell their registries.

use super::{Entry, Memberships, Registry};
use crate::basics::id::OperationId;
use crate::basics::panics::Quiet;
use crate::report::context::Context;
use crate::time::clock::Clock;
use std::sync::Arc;

impl Registry {
    pub(crate) fn is(&self, other: &Registry) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Under the lock of the operation's state. To be followed by `wake_readers`, without it.
    pub(crate) fn enter(&self, id: OperationId, entry: Entry) {
        self.shared.table.enter(id, entry, &self.shared.feed);
    }

    pub(crate) fn wake_readers(&self) {
        self.shared.feed.wake_readers();
    }

    /// With the parent that it has got at its start.
    pub(crate) fn started(&self, id: OperationId, parent: Option<OperationId>) {
        self.shared.table.started(id, parent, &self.shared.feed);
        self.wake_readers();
    }

    pub(crate) fn asked(&self, id: OperationId) {
        self.shared.table.asked(id, &self.shared.feed);
        self.wake_readers();
    }

    /// It is in the history before it is gone from the table.
    pub(crate) fn ended(&self, context: &Context, clock: &Clock) {
        if self.shared.table.contains(context.id()) {
            self.shared.history.push(context, clock);
            self.shared.table.ended(context, &self.shared.feed);
            self.wake_readers();
        }
    }

    pub(crate) fn left(&self, id: OperationId) -> bool {
        let left = self.shared.table.left(id, &self.shared.feed);
        self.wake_readers();
        left
    }
}

impl Memberships {
    pub(crate) fn started(&self, id: OperationId, parent: Option<OperationId>) {
        self.as_slice()
            .iter()
            .for_each(|registry| registry.started(id, parent));
    }

    pub(crate) fn asked(&self, id: OperationId) {
        self.as_slice()
            .iter()
            .for_each(|registry| registry.asked(id));
    }

    pub(crate) fn ended(self, context: &Context, clock: &Clock) {
        self.as_slice()
            .iter()
            .for_each(|registry| registry.ended(context, clock));
        drop(Quiet::new(self)); // maybe the last handle of a registry, with all its history
    }

    pub(crate) fn left(self, id: OperationId) {
        for registry in self.as_slice() {
            registry.left(id);
        }
        drop(Quiet::new(self));
    }
}
