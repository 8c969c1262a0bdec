//! The guide: four pages to read before the reference.

#[doc = include_str!("../guide/operations.md")]
pub mod operations {}

#[doc = include_str!("../guide/sources.md")]
pub mod sources {}

#[doc = include_str!("../guide/stopping_cleanly.md")]
pub mod stopping_cleanly {}

#[doc(alias = "shutdown")]
#[doc = include_str!("../guide/graceful_shutdown.md")]
pub mod graceful_shutdown {}
