//! What a registry says of the past, and everything at once.

use super::base::Registry;
use super::filter::Filter;
use super::snapshot::Snapshot;
use super::statistics::Statistics;
use crate::report::context::Context;
use std::time::Duration;

/// History and statistics.
impl Registry {
    /// Those of the last operations that have ended which `filter` lets through, the oldest first.
    ///
    /// They stay as they were at their end, with their causes, errors and partial results.
    ///
    /// # Panics
    ///
    /// As [`list`](Registry::list).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry, Status};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// let history = registry.history(&Filter::new().status(Status::Completed));
    /// assert_eq!(history[0].id(), op.id());
    /// ```
    pub fn history(&self, filter: &Filter) -> Vec<Context> {
        self.shared.history.list(filter)
    }

    /// How many ended operations are remembered, at most.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().history_limit(), 100);
    /// ```
    pub fn history_limit(&self) -> usize {
        self.shared.history.limit()
    }

    /// Changes how many ended operations are remembered; the oldest are forgotten if these are less
    /// than there are. Zero: none.
    ///
    /// # Examples
    ///
    /// ```
    /// cancel_std::Registry::global().set_history_limit(1000);
    /// # assert_eq!(cancel_std::Registry::global().history_limit(), 1000);
    /// ```
    pub fn set_history_limit(&self, limit: usize) {
        self.shared.history.set_limit(limit);
    }

    /// Forgets the history. The statistics stay.
    ///
    /// # Returns
    ///
    /// How many operations were forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// smol::block_on(Cancelable::new().register(&registry).run(async |_| ())).unwrap();
    /// assert_eq!(registry.clear_history(), 1);
    /// ```
    pub fn clear_history(&self) -> usize {
        self.shared.history.clear()
    }

    /// Forgets those that ended longer ago than `age`, by the clock of [`Std`](crate::Std), whatever
    /// their runtimes. Zero: all.
    ///
    /// On `wasm32-unknown-unknown`, where `Std` has no clock, it is by the clocks of their runtimes. Those of
    /// runtimes that own something are never old there: a registry keeps nothing alive.
    ///
    /// # Returns
    ///
    /// How many operations were forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// smol::block_on(Cancelable::new().register(&registry).run(async |_| ())).unwrap();
    /// assert_eq!(registry.clear_history_older_than(Duration::from_secs(60)), 0);
    /// ```
    pub fn clear_history_older_than(&self, age: Duration) -> usize {
        match age.is_zero() {
            true => self.clear_history(),
            false => self.shared.history.clear_older_than(age),
        }
    }

    /// How many there are and were, and what became of them. Costs nothing that grows with the
    /// number of operations.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// smol::block_on(Cancelable::new().register(&registry).run(async |_| ())).unwrap();
    /// assert_eq!(registry.statistics().completed(), 1);
    /// ```
    pub fn statistics(&self) -> Statistics {
        self.shared.table.statistics()
    }

    /// All that the registry knows, one after the other: operations, history, statistics.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Registry::new().snapshot().operations().is_empty());
    /// ```
    pub fn snapshot(&self) -> Snapshot {
        let all = Filter::new();
        Snapshot {
            operations: self.list(&all),
            history: self.history(&all),
            statistics: self.statistics(),
        }
    }
}
