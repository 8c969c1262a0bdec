//! What tells operations apart.

use portable_atomic::{AtomicU64, Ordering};
use std::fmt;

/// What tells an operation from all others of the process, for logs and look-ups.
///
/// Numbers are given out in the order in which operations are made, from 1, and never twice.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
///
/// let (first, second) = (Cancelable::new().build(), Cancelable::new().build());
/// assert!(first.id() < second.id());
/// println!("{}", second.id()); // op-2
/// # assert_eq!(second.id().to_string(), format!("op-{}", second.id().get()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(u64);

impl OperationId {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        // Relaxed: the numbers have to differ, nothing else.
        OperationId(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// For `serde`.
    #[cfg(feature = "serde")]
    pub(crate) fn from_number(number: u64) -> Self {
        OperationId(number)
    }

    /// The number.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_std::Cancelable::new().build().id().get() >= 1);
    /// ```
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op-{}", self.0)
    }
}
