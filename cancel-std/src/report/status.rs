//! Where an operation is in its life.

use std::fmt;

/// Where an operation is in its life.
///
/// ```text
/// pending ──first poll of run──> running ──┬──> completed   the body returned
///                                          ├──> cancelled   [reason() tells why]
///                                          └──> failed      the body returned an error (try_run), or panicked
/// ```
///
/// The last three are final. There is no status for timeouts: that is *cancelled*, and
/// [`Reason::Timeout`](cancel_core::Reason::Timeout).
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Status};
///
/// let op = Cancelable::new().build();
/// assert_eq!(op.status(), Status::Pending);
/// smol::block_on(op.run(async |cx| assert_eq!(cx.operation().status(), Status::Running))).unwrap();
/// assert_eq!(op.status().to_string(), "completed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It has not been started. Its token may be cancelled already.
    Pending,
    /// Its body runs.
    Running,
    /// The body returned its value.
    Completed,
    /// It was cancelled, and the body dropped, or its `run` was dropped.
    Cancelled,
    /// The body returned an error while nobody had cancelled the operation, or it panicked.
    Failed,
}

impl Status {
    /// Whether this is the end of an operation.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Status;
    ///
    /// assert!(Status::Cancelled.is_final());
    /// assert!(!Status::Running.is_final());
    /// ```
    pub const fn is_final(self) -> bool {
        matches!(self, Status::Completed | Status::Cancelled | Status::Failed)
    }
}

/// In lower case.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Completed => "completed",
            Status::Cancelled => "cancelled",
            Status::Failed => "failed",
        })
    }
}
