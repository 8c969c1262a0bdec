//! Why something was cancelled: the reason, what is said beside it, and the error that carries both.

mod reason;

mod origin;

#[allow(unsafe_code)]
mod detail;

#[allow(unsafe_code)]
mod slot;

mod cancelled;

#[allow(clippy::module_inception)]
mod cause;

mod convert;

mod io;

#[cfg(feature = "serde")]
mod serde;

pub use cancelled::Cancelled;
pub use cause::Cause;
pub use convert::StaticCause;
pub use origin::{HasId, TokenId};
pub(crate) use reason::REASON_BITS;
pub use reason::Reason;
pub(crate) use reason::Why;
pub(crate) use slot::{Said, Slot};
