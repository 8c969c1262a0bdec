//! What the page in `www` calls: work that can be cancelled, and what became of it.
//!
//! `cargo xtask web --serve` builds it and serves the page.
#![forbid(unsafe_code)]

// Lowest first.
mod work;

mod ending;

mod board;

pub use board::{Board, Job};
pub use ending::Ending;
