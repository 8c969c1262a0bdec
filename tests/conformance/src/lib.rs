//! One list of cases, run unchanged on every runtime.
//!
//! A case is an async function of a runtime. It says what it found as an [`Outcome`], so that a run
//! goes on after a failure where a panic would end the machine. It uses the clock of its runtime
//! alone, needs no heap (the groups of [`heap`](heap_cases), [`spawn`](spawn_cases) and
//! [`spawn_local`](spawn_local_cases) do), and never asks that something is quick: only that it
//! comes, and in order.
//!
//! A runtime with test functions makes one of each case:
//!
//! ```text
//! macro_rules! case {
//!     ($group:ident $case:ident) => {
//!         #[test]
//!         fn $case() {
//!             cancel_std::block_on(cancel_conformance::$group::$case(&Std)).unwrap();
//!         }
//!     };
//! }
//! cancel_conformance::core_cases!(case);
//! ```
//!
//! One without runs them in turn, in one task: [`run::core`] and its like.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

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
