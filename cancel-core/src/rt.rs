//! What the library asks of a runtime: to tell and wait for the time, and to run tasks.
//!
//! Nothing here is boxed or global, so an adapter for an executor is a unit struct and some thirty
//! lines.

mod instant;

mod timer;

mod spawn;

pub use instant::{Instant, IntoDeadline};
pub use spawn::{Spawn, SpawnError, SpawnLocal};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use timer::Workplace;
pub use timer::{Timer, TimerError};
