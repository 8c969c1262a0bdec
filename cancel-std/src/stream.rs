//! Streams inside operations: they end with the operation, report how far they are, and keep what has
//! passed through.
//!
//! Invariants
//!
//! * S1: an item that has been taken from the source is handed out in the same poll, or lies in a chunk.
//!   A chunk that is dropped before it is handed out goes to the operation, as *undelivered*.
//! * S2: what is kept is kept before it is handed out.
//! * S3: no lock is held while foreign code runs: clones and drops of items happen outside.

// Lowest first.
mod form;

mod kept;

mod items;

mod chunks;

mod make;

pub use chunks::OperationChunks;
pub use form::{Fallible, Plain};
pub use items::OperationStream;
pub use kept::Kept;
