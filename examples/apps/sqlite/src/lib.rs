//! SQLite queries that stop when a token is cancelled.
//!
//! A query blocks its thread and asks nobody, so dropping a future does not end it. SQLite can be told
//! from another thread, by [`sqlite3_interrupt`](https://www.sqlite.org/c3ref/interrupt.html); what tells it
//! here is a callback of the token. [`interruptible`] is all that a program needs of that.
#![forbid(unsafe_code)]

mod during;
mod interrupt;

pub use during::during;
pub use interrupt::{QueryError, interruptible};
