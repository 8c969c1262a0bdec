//! Cancelling operations of a registry: one, those below one, many.

use super::{Filter, Registered, Registry};
use crate::id::OperationId;
use crate::panics::forget;
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
        let all = self.operations(&Filter::new());
        let within = all.filter(|operation| operation.is_within(id));
        cancel_each(within.collect(), cause.into())
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
        let operations = match filter.is_plain() {
            true => self.operations(filter).collect(),
            false => self.found(filter).map(|(_, operation)| operation).collect(),
        };
        cancel_each(operations, cause.into())
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

/// How many had not been cancelled. One that panics keeps no other from being cancelled.
fn cancel_each(operations: Vec<Arc<dyn Registered>>, cause: Cause) -> usize {
    let live: Vec<_> = operations
        .into_iter()
        .filter(|operation| !operation.is_cancelled())
        .collect();
    let cause = Cancelled::from(cause);
    let mut first = None;
    for operation in &live {
        let cancel = || operation.token().cancel_with(Cause::from(cause.clone()));
        if let Err(payload) = catch_unwind(AssertUnwindSafe(cancel)) {
            match first {
                None => first = Some(payload),
                Some(_) => forget(payload),
            }
        }
    }
    match first {
        Some(payload) => resume_unwind(payload),
        None => live.len(),
    }
}
