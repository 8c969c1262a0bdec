//! Work in shields, cleanups and callbacks is ordinary work, and callbacks are inside the limits of their
//! operation.

#[path = "shields/callbacks.rs"]
mod callbacks;
#[path = "shields/cleanups.rs"]
mod cleanups;
#[path = "shields/current.rs"]
mod current;
#[path = "shields/given_up.rs"]
mod given_up;
#[path = "shields/limits.rs"]
mod limits;
#[path = "shields/ordinary.rs"]
mod ordinary;
#[path = "shields/support.rs"]
mod support;
