//! The runner: a body beside the sources that may cancel it, with deadlines, shields, grace, cleanup.

mod source;

mod grace;

mod shields;

#[allow(unsafe_code)]
mod deadline;

mod timeout;

mod run;

pub use deadline::{Deadline, UntilDeadline};
pub use grace::{Cleanup, Grace, GracePeriod, NoCleanup, NoGrace};
pub use run::Scope;
pub use shields::{Control, NoShields, Shield, Shields};
pub use source::{AllOf, AnyOf, DeadlineSource, NoSource, WithSource, all_of, any_of};
#[cfg(feature = "alloc")]
pub use timeout::TimeoutToken;
pub use timeout::{Timeout, TimeoutExt};
