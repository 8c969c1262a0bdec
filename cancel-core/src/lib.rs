//! Cancelation tokens for any executor, or none.
//!
//! ```
//! use cancel_core::{CancelFutureExt, CancelToken};
//!
//! let token = CancelToken::new();
//! let job = token.child(); // cancelled with `token`, never the other way round
//!
//! std::thread::spawn(move || token.cancel_with("user pressed stop"));
//!
//! let result = smol::block_on(std::future::pending::<()>().until_cancelled(&job));
//! assert_eq!(result.unwrap_err().to_string(), "cancelled by parent (manual): user pressed stop");
//! ```
//!
//! | you have | you take |
//! |---|---|
//! | a `static`, a struct, no heap | [`Token`], with [`Child`] for trees |
//! | tasks and threads that share a token | [`CancelToken`]: clones, [children](CancelToken::child), [any](CancelToken::any) and [all](CancelToken::all) of several |
//! | work to stop, and to start again below the same token | [`Token::cancel_children`] |
//! | a future to stop | [`CancelFutureExt::until_cancelled`], [`Token::cancelled`] |
//! | a stream to stop | [`CancelStreamExt::take_until_cancelled`] (it ends), [`CancelStreamExt::try_until_cancelled`] (its last item says why) |
//! | a future with a time limit | [`TimeoutExt::timeout`]; a token with one: [`CancelToken::with_timeout`] |
//! | a time limit to look at, to change, to nest | [`Deadline`]; moments are [`Instant`]s |
//! | a future to stop for several reasons, or with care | [`Scope`]: [sources](Scope::source), a [grace period](Scope::grace), a [cleanup](Scope::finally) |
//! | a part of it that is not to be stopped | [`Shields::shield`] |
//! | synchronous code to stop | [`Token::check`], [`Token::is_cancelled`], the trait [`Check`] |
//! | code to run on a cancel | [`CancelToken::on_cancel`], without a heap [`OnCancel`]; [`DropGuard`] |
//! | to say why, or to ask why and by whom | [`Cause`], [`Reason`]; [`Cancelled`] |
//! | a timer or an executor to use | the crates `cancel-std`, `cancel-smol`, `cancel-tokio`, `cancel-web`, `cancel-embassy` |
//! | an executor to connect | the traits [`Timer`], [`Spawn`], [`SpawnLocal`] |
//!
//! # Names
//!
//! All of it may be imported by `use cancel_core::*`. Four names are also those of other modules, and are
//! ambiguous (an error where they are used) if these are imported by globs as well: [`Instant`]
//! (`std::time`, `tokio::time`), [`Timer`] (`smol`), [`Timeout`] (`tokio::time`) and `block_on` (`smol`).
//! Import the one that is meant by name, for example `use std::time::Instant;`.
//!
//! # Features
//!
//! * `std` (default): locks that yield and sleep, panics of callbacks contained.
//! * `alloc`: [`CancelToken`], callbacks, messages (without it: [`StaticCause`]). Part of `std`. On
//!   targets without compare-and-swap the application chooses a backend of `portable-atomic`, for
//!   example by the feature `critical-section`.
//! * `compat`: the interface of tokio-util's `CancellationToken` over [`CancelToken`], for programs that
//!   move (`compat::tokio_util`). Needs `alloc`.
//! * `serde`: reasons and causes can be serialized, reasons deserialized. Needs no heap.
//! * `critical-section`: for applications on targets without compare-and-swap: lets
//!   `portable-atomic` use critical sections. Libraries leave it alone.
//! * `defmt`: `defmt::Format` for [`Reason`], [`Cancelled`], [`Instant`], [`TimerError`], [`SpawnError`]
//!   and tokens (their state). The application provides the logger, as always with `defmt`.
//!
//! Without `std` the lock of a token is a
//! [`critical-section`](https://docs.rs/critical-section), for which the application provides an
//! implementation; each does O(1) work. Without any feature there is no heap: [`Token`], [`Child`],
//! [`OnCancel`], [`Scope`] and any number of waiters. Such a build uses atomic loads and stores alone;
//! no compare-and-swap is needed, and what a program does not use (children, callbacks) is not linked.

#![cfg_attr(not(any(feature = "std", all(loom, feature = "loom"))), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
// Some parts serve shared tokens alone.
#![cfg_attr(not(feature = "alloc"), allow(dead_code))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

// The wings, lowest first. A file uses only what is declared before it: earlier wings here, earlier
// files in the parent of a wing (`cargo xtask check` reads the `use` lines). Unsafe code is in `sync`,
// in `tree`, and in the files that say so in their wing's table of contents.
#[allow(unsafe_code)]
mod sync;

mod rt;

mod cause;

#[allow(unsafe_code)]
mod tree;

mod token;

#[cfg(feature = "compat")]
#[cfg_attr(docsrs, doc(cfg(feature = "compat")))]
pub mod compat;

mod scope;

#[cfg(feature = "defmt")]
mod defmt;

pub use cause::{Cancelled, Cause, HasId, Reason, StaticCause, TokenId};
pub use rt::{Instant, IntoDeadline, Spawn, SpawnError, SpawnLocal, Timer, TimerError};
pub use scope::{
    AllOf, AnyOf, Bare, Deadline, DeadlineSource, Scope, Shield, Shields, Timeout, TimeoutExt,
    UntilDeadline, WithCleanup, WithGrace, WithShields, WithSource, WithSources, all_of, any_of,
};
pub use token::{
    AsToken, CancelFutureExt, CancelStreamExt, Check, Child, DropGuard, IntoToken, Lent, Never,
    OnCancel, TakeUntilCancelled, Token, TokenRef, TokenView, TryUntilCancelled, UntilCancelled,
    WaitForCancel,
};

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use token::{CancelToken, Follow, Followed, Registration};

sync::with_std! {
    pub use token::{PanicGuard, block_on};
}

sync::export_to_models!();

/// What layers above build their own scopes and runtimes with. It may change at any time.
#[doc(hidden)]
pub mod layer {
    #[cfg(feature = "alloc")]
    pub use crate::rt::Workplace;
    pub use crate::scope::{Hold, Holds, Setup};
    pub use crate::sync::Panics;
}
