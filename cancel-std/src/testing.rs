//! The testing kit: virtual time, a recorder of events, scripted scenarios, instrument wakers.
//!
//! Tests of code with timeouts should neither wait for real time nor depend on it. [`VirtualTime`] is
//! a runtime for operations whose clock only moves when told to, or when nothing else is left to do:
//!
//! ```
//! use cancel_std::Reason;
//! use cancel_std::testing::VirtualTime;
//! use std::time::Duration;
//!
//! const HOUR: Duration = Duration::from_secs(3600);
//!
//! let time = VirtualTime::new();
//! let op = time.operation().timeout(HOUR).build();
//! let result = time.block_on(op.run(async |cx| cx.sleep(2 * HOUR).await));
//! assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
//! assert_eq!(op.context().duration(), Some(HOUR)); // exactly, and at once
//! assert_eq!(time.pending_timers(), 0); // nothing was left behind
//! ```
//!
//! [`Recorder`] shows what happened and in which order, [`Script`] lets things happen at given
//! times, and [`TestWaker`] finds out how something treats the wakers it is given.

// Lowest first.
mod timers;

mod tasks;

mod time;

mod virtual_runtime;

mod run;

mod recorder;

mod script;

mod wakers;

pub use recorder::{Event, NoteOnDrop, Recorder};
pub use run::Deadlock;
pub use script::Script;
pub use time::{TimeHold, VirtualTime};
pub use virtual_runtime::VirtualSleep;
pub use wakers::TestWaker;
