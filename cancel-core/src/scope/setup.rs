//! What a scope is set up with: one type inside another, as iterator adaptors are, so that each pays for
//! itself alone and the whole has a name.

mod base;
mod ends;
mod sources;

pub use base::{Bare, Setup};
pub use ends::{WithCleanup, WithGrace, WithShields};
pub use sources::{WithSource, WithSources};
