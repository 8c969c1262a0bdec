//! What a runtime has to give, and what the core makes of it: one list of cases, run unchanged on
//! every runtime.
//!
//! A case is an async function of a runtime. It says what it found as an [`Outcome`], so that a run
//! goes on after a failure where a panic would end the machine. It uses the clock of its runtime
//! alone, and never asks that something is quick: only that it comes, and in order. The line above
//! it says what must hold.
//!
//! | the list | needs besides a [`Timer`](cancel_core::Timer) | is about |
//! |---|---|---|
//! | [`core_cases`] | nothing, no heap either | [`timer`], [`wakers`]: the timer's contract; [`tokens`], [`waits`], [`children`], [`guards`], [`streams`]; [`deadlines`]; [`scopes`], [`combined`], [`shields`], [`grace`], [`cleanup`] |
//! | [`heap_cases`] | a heap | [`timer_wakes`], [`shared`], [`callbacks`] |
//! | [`spawn_cases`] | [`Spawn`](cancel_core::Spawn) | [`tasks`], [`timeout_tokens`], [`reentrancy`] |
//! | [`operation_cases`] | `std`, and what an operation needs | [`operations`] |
//! | [`spawn_local_cases`] | [`SpawnLocal`](cancel_core::SpawnLocal) | [`local_tasks`] |
//!
//! A timer is polled with wakers of all kinds here, not with those of one executor alone: a program
//! that polls a sleep inside a combinator with wakers of its own does the same.
//!
//! # Another runtime
//!
//! One with test functions makes one of each case, and sees to it that a hang is a failure:
//!
//! ```text
//! macro_rules! case {
//!     ($group:ident $case:ident) => {
//!         #[test]
//!         fn $case() {
//!             watched(|| cancel_std::block_on(cancel_conformance::$group::$case(&Std)));
//!         }
//!     };
//! }
//! cancel_conformance::core_cases!(case);
//! ```
//!
//! One without runs them in turn, in one task: [`run::core`] and its like. Either way its results go
//! to `target/conformance` as lines `group::case ok` or `group::case FAILED why`, from which
//! `cargo xtask conformance` makes the table in the README and the page `RESULTS.md`.
//!
//! # Another case
//!
//! It goes into the file of its group and onto the list. Its future is small: where there is no heap
//! it lives in the static memory of a task (`tests/sizes.rs`). If it is about the runtime, there is a
//! broken one that it fails on (`tests/faults.rs`).
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "operations")]
extern crate std;

mod failure;
mod list;
mod tools;

mod cases {
    #[cfg(feature = "alloc")]
    pub mod callbacks;
    pub mod children;
    pub mod cleanup;
    pub mod combined;
    pub mod deadlines;
    pub mod grace;
    pub mod guards;
    #[cfg(feature = "alloc")]
    pub mod local_tasks;
    #[cfg(feature = "operations")]
    pub mod operations;
    #[cfg(feature = "alloc")]
    pub mod reentrancy;
    pub mod scopes;
    #[cfg(feature = "alloc")]
    pub mod shared;
    pub mod shields;
    pub mod streams;
    #[cfg(feature = "alloc")]
    pub mod tasks;
    #[cfg(feature = "alloc")]
    pub mod timeout_tokens;
    pub mod timer;
    #[cfg(feature = "alloc")]
    pub mod timer_wakes;
    pub mod tokens;
    pub mod waits;
    pub mod wakers;
}

pub mod run;

pub use cases::*;
pub use failure::{Failure, Outcome};
