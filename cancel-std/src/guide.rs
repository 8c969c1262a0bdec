//! The guide: three pages to read before the reference.

#[doc = include_str!("../guide/operations.md")]
pub mod operations {}

#[doc = include_str!("../guide/sources.md")]
pub mod sources {}

#[doc = include_str!("../guide/stopping_cleanly.md")]
pub mod stopping_cleanly {}
