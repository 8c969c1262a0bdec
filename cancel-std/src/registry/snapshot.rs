//! `Snapshot`: all that a registry knows.

use super::statistics::Statistics;
use crate::report::context::Context;

/// All that a [`Registry`](super::Registry) knows, to be looked at, or to be written down: with the
/// feature `serde` it can be serialized, as JSON for instance.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Registry};
///
/// let registry = Registry::new();
/// let op = Cancelable::new().name("fetch").register(&registry).build();
/// let snapshot = registry.snapshot();
/// assert_eq!(snapshot.operations()[0].name(), Some("fetch"));
/// # #[cfg(feature = "serde")]
/// println!("{}", serde_json::to_string_pretty(&snapshot).unwrap());
/// # drop(op);
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(super) operations: Vec<Context>,
    pub(super) history: Vec<Context>,
    pub(super) statistics: Statistics,
}

impl Snapshot {
    /// The operations that have not ended, the oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Registry::new().snapshot().operations().is_empty());
    /// ```
    pub fn operations(&self) -> &[Context] {
        &self.operations
    }

    /// The last ones that have ended, the oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Registry::new().snapshot().history().is_empty());
    /// ```
    pub fn history(&self) -> &[Context] {
        &self.history
    }

    /// What was counted.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().snapshot().statistics().registered(), 0);
    /// ```
    pub fn statistics(&self) -> &Statistics {
        &self.statistics
    }
}
