//! What the tests share: instrument wakers, random numbers, counted allocations, a watchdog.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod alloc;
pub mod rng;
#[allow(unsafe_code)]
pub mod spin;
#[allow(unsafe_code)]
pub mod wakers;
pub mod watchdog;

pub use rng::Rng;
pub use wakers::{Counter, Hooks};
pub use watchdog::{together, watched, within};
