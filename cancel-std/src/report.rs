//! What operations tell: their context and progress, to callbacks, observers, logs and traces.

// Lowest first.
pub(crate) mod progress;

pub(crate) mod task_report;

pub(crate) mod undelivered;

pub(crate) mod status;

pub(crate) mod context;

mod so_far;
mod times;

pub(crate) mod observer;

pub(crate) mod trace;

pub(crate) mod callbacks;

pub use context::Context;
pub use observer::Observer;
pub use progress::{Metadata, Progress};
pub use status::Status;
pub use task_report::TaskError;
