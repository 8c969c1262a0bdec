//! The token core from outside: FEATURES A, row by row, and against a naive reference.

mod drops;
mod model;
mod reentrancy;
mod reference;
mod semantics;
