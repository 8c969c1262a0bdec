//! How operations get into registries, and out again.

use super::{Edges, Inner, Operation, Runtime};
use crate::clock::Clock;
use crate::context::{Context, Status};
use crate::id::OperationId;
use crate::registry::{Entry, Memberships, Registered, Registry};
use cancel_core::CancelToken;
use std::mem::take;
use std::sync::{Arc, PoisonError, Weak};

impl<R: Runtime> Registered for Inner<R> {
    fn snapshot(&self) -> Context {
        Inner::snapshot(self)
    }

    fn token(&self) -> CancelToken {
        self.token.get_or_init(|| self.make_token()).clone()
    }

    fn is_cancelled(&self) -> bool {
        Inner::is_cancelled(self)
    }

    fn is_within(&self, ancestor: OperationId) -> bool {
        self.lineage(Edges::Progress).any(|op| op.id == ancestor)
    }
}

impl<R: Runtime> Operation<R> {
    /// Puts the operation into a registry. It leaves when it ends, in whatever way, after its callbacks
    /// (asynchronous ones come later); or when its last handle is dropped and it has never run.
    ///
    /// From then on others may list and cancel it, so what sets it up has to come before. An operation
    /// that is shared or runs already can be registered through a clone of its handle. One that has
    /// ended, or has become a part of a [combination](Operation::combine), is not registered;
    /// registering it twice changes nothing.
    ///
    /// If it becomes a part of a combination later, it stays, as *pending*, until that has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().name("fetch").register(&registry);
    /// let run = op.run(async |_| registry.list(&Filter::new())[0].status().to_string());
    /// assert_eq!(smol::block_on(run), Ok("running".to_string()));
    /// assert!(registry.is_empty());
    /// ```
    pub fn register(self, registry: &Registry) -> Self {
        let inner = &self.inner;
        let operation: Weak<Inner<R>> = Arc::downgrade(inner);
        let (parent, name) = (inner.parent_id(), inner.setup.name.clone());
        let mut state = inner.lock();
        if state.status.is_final() || state.combined {
            drop(state);
            return self;
        }
        let entry = Entry {
            operation,
            parent,
            name,
            status: state.status,
        };
        registry.enter(inner.id, entry);
        state.registries.add(registry);
        drop(state);
        registry.ring();
        self
    }
}

impl<R> Inner<R> {
    /// Its runner has seen that it is to end.
    pub(super) fn asked(&self) {
        let registries = self.lock().registries.clone();
        registries.asked(self.id);
    }

    /// The parts of a combination, at its end.
    fn parts_leave(&self) {
        if self.setup.parts().is_empty() {
            return;
        }
        for part in self.listeners().skip(1) {
            let mut state = part.lock();
            // One that has been run by itself leaves by itself. The others never will be run.
            if state.status != Status::Pending {
                continue;
            }
            let registries = take(&mut state.registries);
            drop(state);
            registries.left(part.id);
        }
    }

    /// For the last handle: one that has not ended leaves.
    pub(super) fn leave(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let registries = take(&mut state.registries);
        if !registries.is_empty() {
            registries.left(self.id);
        }
    }
}

/// Leaves the registries at the very end, also if somebody panics before.
pub(super) struct Leaving<'a, R: Runtime> {
    inner: &'a Inner<R>,
    registries: Memberships,
}

impl<'a, R: Runtime> Leaving<'a, R> {
    pub(super) fn new(inner: &'a Inner<R>, registries: Memberships) -> Self {
        Leaving { inner, registries }
    }
}

impl<R: Runtime> Drop for Leaving<'_, R> {
    fn drop(&mut self) {
        let registries = take(&mut self.registries);
        if !registries.is_empty() {
            let clock = Clock::of(&self.inner.runtime);
            registries.ended(&self.inner.snapshot(), &clock);
        }
        self.inner.parts_leave();
    }
}
