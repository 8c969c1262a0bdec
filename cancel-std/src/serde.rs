//! With the feature `serde`: what can be written, and what can be read back.
//!
//! Written out by hand: deriving would pull in a parser of Rust, and the shapes are to stay what they
//! are, whatever the fields inside. Names of fields are those of the methods.

mod context;
mod id;
mod metadata;
mod progress;
mod registry;
mod status;
mod task_error;
