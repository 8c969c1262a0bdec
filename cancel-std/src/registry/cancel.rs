//! Cancelling and forcing operations of a registry: one, those below one, many.

use super::{Filter, Registered, Registry};
use crate::basics::id::OperationId;
use crate::basics::panics::forget;
use cancel_core::{Cancelled, Cause};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Cancelling, from any thread.
impl Registry {
    /// Cancels an operation that is in the registry, as
    /// [`cancel_with`](crate::Operation::cancel_with) does. Those below it that are linked to it are
    /// cancelled with it, registered or not.
    ///
    /// # Returns
    ///
    /// Whether this call cancelled it: `false` if it is not there, or was cancelled before.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`](cancel_core::Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert!(registry.cancel(op.id(), "enough"));
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn cancel(&self, id: OperationId, cause: impl Into<Cause>) -> bool {
        self.token(id).is_some_and(|token| token.cancel_with(cause))
    }

    /// Cancels an operation, and all registered ones below it: its children, and so on, the
    /// [detached](crate::Operation::detached) ones, too, which are cancelled by nothing else from
    /// above. Whether the operation itself, or those in between, are registered does not matter.
    ///
    /// # Returns
    ///
    /// How many registered operations it found that had not been cancelled. They are, now.
    ///
    /// # Panics
    ///
    /// With the first panic of all, when all are cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Registry};
    ///
    /// let registry = Registry::new();
    /// let root = Cancelable::new().register(&registry).build();
    /// let leaf = root.child().build().child().register(&registry).build();
    /// let other = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.cancel_tree(root.id(), Reason::Shutdown), 2);
    /// assert!(leaf.is_cancelled() && !other.is_cancelled());
    /// ```
    pub fn cancel_tree(&self, id: OperationId, cause: impl Into<Cause>) -> usize {
        cancel_each(self.within(id), cause.into())
    }

    /// Cancels all operations that `filter` lets through.
    ///
    /// The oldest come first, so parents before their children, which then say that it was their
    /// parent.
    ///
    /// # Returns
    ///
    /// How many it found that had not been cancelled. They are, now.
    ///
    /// # Panics
    ///
    /// As [`list`](Registry::list), before anything is cancelled; with the first panic of the others,
    /// when all are cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let ops = ["fetch 1", "fetch 2", "store"]
    ///     .map(|name| Cancelable::new().name(name).register(&registry).build());
    /// let fetching = Filter::new().name_contains("fetch");
    /// assert_eq!(registry.cancel_where(&fetching, "no more fetching"), 2);
    /// assert!(ops[0].is_cancelled() && !ops[2].is_cancelled());
    /// ```
    pub fn cancel_where(&self, filter: &Filter, cause: impl Into<Cause>) -> usize {
        cancel_each(self.all_of(filter), cause.into())
    }

    /// Cancels all operations that are in the registry.
    ///
    /// # Returns
    ///
    /// As [`cancel_where`](Registry::cancel_where).
    ///
    /// # Panics
    ///
    /// As [`cancel_where`](Registry::cancel_where).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.cancel_all(Reason::Shutdown), 1);
    /// # drop(op);
    /// ```
    pub fn cancel_all(&self, cause: impl Into<Cause>) -> usize {
        self.cancel_where(&Filter::new(), cause)
    }
}

/// Forcing, from any thread: a cancel that also ends the [grace periods](crate::Cancelable::grace), those
/// of operations that were cancelled before, too.
impl Registry {
    /// Forces an operation that is in the registry, as [`force_with`](crate::Operation::force_with) does.
    /// Those below it that are linked to it are forced with it, registered or not.
    ///
    /// # Returns
    ///
    /// As [`cancel`](Registry::cancel): whether this call cancelled it. One that was cancelled before is
    /// forced all the same.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`](cancel_core::Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().grace(Duration::from_secs(3600)).register(&registry);
    /// let run = op.run(async |cx| {
    ///     assert!(registry.cancel(cx.id(), "please"));
    ///     assert!(!registry.force(cx.id(), "now")); // it is cancelled already
    ///     cx.sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("please"));
    /// ```
    pub fn force(&self, id: OperationId, cause: impl Into<Cause>) -> bool {
        self.operation(id)
            .is_some_and(|operation| operation.force(cause.into()))
    }

    /// Forces an operation, and all registered ones below it, the
    /// [detached](crate::Operation::detached) ones, too. Otherwise as
    /// [`cancel_tree`](Registry::cancel_tree).
    ///
    /// # Returns
    ///
    /// As [`cancel_tree`](Registry::cancel_tree): how many had not been cancelled. The others are forced all
    /// the same.
    ///
    /// # Panics
    ///
    /// As [`cancel_tree`](Registry::cancel_tree).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Registry};
    ///
    /// let registry = Registry::new();
    /// let root = Cancelable::new().register(&registry).build();
    /// let audit = root.detached().register(&registry).build();
    /// assert_eq!(registry.force_tree(root.id(), Reason::Shutdown), 2);
    /// assert!(audit.is_cancelled());
    /// ```
    pub fn force_tree(&self, id: OperationId, cause: impl Into<Cause>) -> usize {
        force_each(self.within(id), cause.into())
    }

    /// Forces all operations that `filter` lets through. Otherwise as
    /// [`cancel_where`](Registry::cancel_where).
    ///
    /// # Returns
    ///
    /// As [`cancel_where`](Registry::cancel_where): how many had not been cancelled. The others are forced
    /// all the same.
    ///
    /// # Panics
    ///
    /// As [`cancel_where`](Registry::cancel_where).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let fetch = Cancelable::new().name("fetch").register(&registry).build();
    /// let store = Cancelable::new().name("store").register(&registry).build();
    /// assert_eq!(registry.force_where(&Filter::new().name("fetch"), "no more fetching"), 1);
    /// assert!(fetch.is_cancelled() && !store.is_cancelled());
    /// ```
    pub fn force_where(&self, filter: &Filter, cause: impl Into<Cause>) -> usize {
        force_each(self.all_of(filter), cause.into())
    }

    /// Forces all operations that are in the registry: for the second request to shut down.
    ///
    /// # Returns
    ///
    /// As [`force_where`](Registry::force_where).
    ///
    /// # Panics
    ///
    /// As [`cancel_where`](Registry::cancel_where).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Registry};
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().grace(Duration::from_secs(3600)).register(&registry);
    /// let run = op.run(async |cx| {
    ///     assert_eq!(registry.cancel_all(Reason::Shutdown), 1); // the first Ctrl-C
    ///     assert_eq!(registry.force_all(Reason::Shutdown), 0); // the second one
    ///     cx.sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert!(smol::block_on(run).is_err()); // at once
    /// ```
    pub fn force_all(&self, cause: impl Into<Cause>) -> usize {
        self.force_where(&Filter::new(), cause)
    }
}

impl Registry {
    fn within(&self, id: OperationId) -> Vec<Arc<dyn Registered>> {
        let all = self.operations(&Filter::new());
        all.filter(|operation| operation.is_within(id)).collect()
    }

    fn all_of(&self, filter: &Filter) -> Vec<Arc<dyn Registered>> {
        match filter.is_plain() {
            true => self.operations(filter).collect(),
            false => self.found(filter).map(|(_, operation)| operation).collect(),
        }
    }
}

/// How many had not been cancelled. One that panics keeps no other from being cancelled.
fn cancel_each(operations: Vec<Arc<dyn Registered>>, cause: Cause) -> usize {
    let live = |operation: &Arc<dyn Registered>| !operation.is_cancelled();
    let live: Vec<_> = operations.into_iter().filter(live).collect();
    each(&live, cause, |operation, cause| {
        operation.token().cancel_with(cause);
    });
    live.len()
}

/// As `cancel_each`, but those that were cancelled before are forced, too.
fn force_each(operations: Vec<Arc<dyn Registered>>, cause: Cause) -> usize {
    let live = operations
        .iter()
        .filter(|operation| !operation.is_cancelled());
    let live = live.count();
    each(&operations, cause, |operation, cause| {
        operation.force(cause);
    });
    live
}

fn each(operations: &[Arc<dyn Registered>], cause: Cause, act: impl Fn(&dyn Registered, Cause)) {
    let cause = Cancelled::from(cause);
    let mut first = None;
    for operation in operations {
        let act = || act(&**operation, Cause::from(cause.clone()));
        if let Err(payload) = catch_unwind(AssertUnwindSafe(act)) {
            match first {
                None => first = Some(payload),
                Some(_) => forget(payload),
            }
        }
    }
    if let Some(payload) = first {
        resume_unwind(payload);
    }
}
