//! What everything else is made with: ids, errors, contained panics, turns for other tasks, the waker of a runner.

// Lowest first.
pub(crate) mod build_error;

pub(crate) mod panics;

pub(crate) mod give_way;

pub(crate) mod id;

pub(crate) mod runner_waker;

pub use build_error::BuildError;
pub use id::OperationId;
