//! Signals of the operating system: which there are, which can be listened for, who listens.
//!
//! ```text
//!   handler (signal-hook) ──> dispatcher thread ──> registry ──> listeners, one per run
//!      └─ nobody listens: the default action        └─ came too late: passed on
//! ```
//!
//! Nothing of ours runs in a raw handler: there, signal-hook sets flags and writes to a pipe. What
//! depends on the system is in `signal/platform/`, chosen here and nowhere else.

// Lowest first.
#[cfg(unix)]
mod disposition;

#[cfg(unix)]
mod real_time;

#[cfg(unix)]
mod second;

#[cfg_attr(unix, path = "signal/platform/unix.rs")]
#[cfg_attr(windows, path = "signal/platform/windows.rs")]
#[cfg_attr(not(any(unix, windows)), path = "signal/platform/none.rs")]
mod platform;

mod number;

mod set;

mod notice;

mod registry;

pub use number::Signal;
pub(crate) use registry::{Listener, listen};
pub use set::Signals;
