//! The testing kit.

#[path = "testing/time.rs"]
mod time;
