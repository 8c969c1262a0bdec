//! The interfaces of other crates, over the tokens of this one. Feature `compat`.
//!
//! For moving a program from another crate's token: change the `use` line, see that everything works as
//! before, then use what is new where it helps.

pub mod tokio_util;
