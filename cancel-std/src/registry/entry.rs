//! What a registry knows of an operation.

use crate::basics::id::OperationId;
use crate::report::context::Context;
use crate::report::status::Status;
use cancel_core::{CancelToken, Cause};
use std::borrow::Cow;
use std::sync::Weak;

/// An operation whose runtime is not known.
pub(crate) trait Registered: Send + Sync {
    fn snapshot(&self) -> Context;
    fn token(&self) -> CancelToken;
    /// As `Operation::force_with`.
    fn force(&self, cause: Cause) -> bool;
    fn is_cancelled(&self) -> bool;
    /// Whether it is this operation, or one below it.
    fn is_within(&self, ancestor: OperationId) -> bool;
}

/// What the table is given: what filters ask for most, and the way to all the rest.
pub(crate) struct Entry {
    /// Weak: a registry keeps nobody alive.
    pub(crate) operation: Weak<dyn Registered>,
    pub(crate) parent: Option<OperationId>,
    pub(crate) name: Option<Cow<'static, str>>,
    /// Pending or running.
    pub(crate) status: Status,
}

/// Of an entry in the table: what filters look at first.
pub(super) struct Key {
    pub(super) id: OperationId,
    pub(super) parent: Option<OperationId>,
    /// Pending or running.
    pub(super) status: Status,
}

/// And the rest of it.
pub(super) struct EntryRest {
    pub(super) operation: Weak<dyn Registered>,
    pub(super) name: Option<Cow<'static, str>>,
}
