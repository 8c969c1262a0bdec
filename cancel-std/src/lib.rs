//! Cancelable operations with timeouts, on any executor or none.
//!
//! This crate brings what `cancel-core` leaves out because it needs the standard library: a clock
//! and a timer of its own, and a place to run tasks. [`Std`] is the runtime that stands for them.
//! It needs no executor, and works under every one.
//!
//! ```
//! use cancel_core::Timer;
//! use cancel_std::Std;
//! use std::time::Duration;
//!
//! smol::block_on(async {
//!     Std.sleep(Duration::from_millis(5)).await.unwrap();
//! });
//! ```
//!
//! On it stand the operations: bodies of work with timeouts, tokens, parents, progress and a report
//! of how they ended. See [`Cancelable`], the operation that runs on [`Std`], and [`Operation`] for
//! what it can do. [`BlockingWait`] lets plain threads wait for tokens.
#![deny(unsafe_code)]
#![warn(missing_docs)]

// Lowest first: a file uses only those above it.
mod clock;

mod timer;

mod background;

mod runtime;

mod wait;

mod id;

mod progress;

mod context;

mod callbacks;

mod deadline;

mod operation;

pub use context::{Context, Status};
pub use id::OperationId;
pub use operation::{Operation, Runtime};
pub use progress::{Metadata, Progress};
pub use runtime::Std;
pub use timer::Sleep;
pub use wait::BlockingWait;

/// The operation that needs no executor: its time is that of this crate's own timer.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_secs(5)).name("greeting");
/// assert_eq!(smol::block_on(op.run(async |_| "hello")), Ok("hello"));
/// ```
pub type Cancelable = Operation<Std>;
