//! The runner: a body beside the sources that may cancel it, with deadlines, shields, grace, cleanup.

mod source;

#[allow(unsafe_code)]
mod holds;

#[allow(unsafe_code)]
mod hold;

mod shields;

mod setup;

#[allow(unsafe_code)]
mod deadline;

#[allow(unsafe_code)]
mod until_deadline;

mod timeout;

#[cfg(feature = "alloc")]
mod timed;

mod run;

mod build;

pub use deadline::Deadline;
pub use hold::Hold;
pub use holds::Holds;
pub use run::Scope;
pub use setup::{Bare, Setup, WithCleanup, WithGrace, WithShields, WithSource, WithSources};
pub use shields::{Shield, Shields};
pub use source::{AllOf, AnyOf, DeadlineSource, all_of, any_of};
pub use timeout::{Timeout, TimeoutExt};
pub use until_deadline::UntilDeadline;
