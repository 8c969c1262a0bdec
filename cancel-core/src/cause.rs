//! Why something was cancelled: the reason, what is said beside it, and the error that carries both.

mod reason;

#[allow(unsafe_code)]
mod detail;

mod cancelled;

#[allow(clippy::module_inception)]
mod cause;

#[cfg(feature = "serde")]
mod serde;

pub use cancelled::Cancelled;
pub use cause::{Cause, StaticCause};
pub(crate) use detail::{Detail, DetailRef, reserve, unreserve};
pub(crate) use reason::REASON_BITS;
pub use reason::Reason;
