//! Operations on threads: blocking bodies, blocking parts, and cooperation.

#[path = "threads/blocking_body.rs"]
mod blocking_body;
#[path = "threads/cooperate.rs"]
mod cooperate;
#[path = "threads/in_thread.rs"]
mod in_thread;
#[path = "threads/waits.rs"]
mod waits;

use std::time::Duration;

pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);
