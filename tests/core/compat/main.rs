//! tokio-util's token, and ours by their names: the same files, compiled against either `use` line.
//!
//! `interface.rs` uses every item, `behaviour.rs` tests what theirs documents.

#[path = "theirs.rs"]
mod theirs;

#[path = "ours.rs"]
mod ours;
