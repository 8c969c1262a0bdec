//! How operations get into registries, and out again.

use super::base::{Cancelable, Inner, Operation};
use super::force::force;
use super::{Edges, Runtime};
use crate::basics::id::OperationId;
use crate::registry::{Entry, Memberships, Registered, Registry};
use crate::report::callbacks::Event;
use crate::report::context::Context;
use crate::time::clock::Clock;
use cancel_core::{CancelToken, Cause, Instant};
use std::mem::take;
use std::sync::{Arc, PoisonError, Weak};

impl<R: Runtime> Registered for Inner<R> {
    fn snapshot(&self) -> Context {
        Inner::snapshot(self)
    }

    fn token(&self) -> CancelToken {
        Inner::token(self).clone()
    }

    fn force(&self, cause: Cause) -> bool {
        force(self, || self.token().cancel_with(cause))
    }

    fn is_cancelled(&self) -> bool {
        Inner::is_cancelled(self)
    }

    fn is_within(&self, ancestor: OperationId) -> bool {
        self.id == ancestor
            || self
                .ancestors(Edges::Progress)
                .any(|op| op.id() == ancestor)
    }
}

impl<R> Cancelable<R> {
    /// Has the operation entered into a registry when it is [built](Cancelable::build) or run. It leaves
    /// when it ends, in whatever way, after its callbacks (asynchronous ones come later); or when its
    /// last handle is dropped and it has never run.
    ///
    /// Several registries may be given. One that exists already is entered by
    /// [`Cancelable::register`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let fetch = Cancelable::new().name("fetch").register(&registry);
    /// let run = fetch.run(async |_| registry.list(&Filter::new())[0].status().to_string());
    /// assert_eq!(smol::block_on(run), Ok("running".to_string()));
    /// assert!(registry.is_empty());
    /// ```
    pub fn register(mut self, registry: &Registry) -> Self {
        self.registries.add(registry);
        self
    }
}

impl<R: Runtime> Operation<R> {
    /// Puts the operation into a registry. It leaves when it ends, in whatever way, after its callbacks
    /// (asynchronous ones come later); or when its last handle is dropped and it has never run.
    ///
    /// One that has ended is not registered; registering it twice changes nothing. To have it registered
    /// from the start: [`Cancelable::register`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().build();
    /// op.register(&registry);
    /// assert!(registry.cancel(op.id(), "enough"));
    /// ```
    pub fn register(&self, registry: &Registry) {
        let inner = &self.inner;
        let operation: Weak<Inner<R>> = Arc::downgrade(inner);
        let name = inner.setup.name.clone();
        let mut state = inner.lock();
        if state.status.is_final() {
            return;
        }
        let entry = Entry {
            operation,
            parent: inner.parent_id(), // (stored under this lock)
            name,
            status: state.status,
        };
        registry.enter(inner.id, entry);
        state.registries.add(registry);
        drop(state);
        registry.wake_readers();
    }
}

impl<R: Runtime> Inner<R> {
    /// Its runner has seen that it is to end. `slow`: that takes its time.
    pub(super) fn asked(&self, slow: bool) {
        if slow || self.is_held() || self.setup.callbacks.hear(Event::Asked) {
            // Contained: the clock may panic, and others are still to be told.
            let callbacks = &self.setup.callbacks;
            callbacks.contain(|| self.requested(self.runtime.now()));
        }
        let registries = self.lock().registries.clone();
        registries.asked(self.id);
    }
}

impl<R> Inner<R> {
    pub(super) fn requested(&self, now: Instant) {
        self.lock().details().requested = Some(now);
    }

    /// For the last handle: one that has not ended leaves.
    pub(super) fn leave(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !state.registries.is_empty() {
            take(&mut state.registries).left(self.id);
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
    }
}
