//! Operations that another process cancels, through Redis.
//!
//! A token reaches as far as its process. Where work is spread over several, they need something in
//! common to tell one another, and often that is there already. Here it is a channel of Redis per
//! operation: [`requests`] makes it a source of the operation, and [`cancel`] publishes to it, from
//! wherever. Reason and message go along as JSON ([`message`]).
//!
//! Redis keeps no messages: who does not listen at that moment misses it. [`cancel`] tells how many
//! were listening, so that nobody believes in a cancel that nobody heard. [`requests`] reconnects when
//! the connection is lost, and cancels the operation if that takes longer than it is allowed to: work
//! that cannot be stopped any more is not left running.
#![forbid(unsafe_code)]

pub mod message;

mod listen;
mod publish;

pub use listen::{Event, Listener, requests};
pub use publish::cancel;
