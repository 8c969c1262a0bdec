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
//! | a future to stop | [`CancelFutureExt::until_cancelled`], [`Token::cancelled`] |
//! | a stream to stop | [`CancelStreamExt::take_until_cancelled`] (it ends), [`CancelStreamExt::until_cancelled`] (its last item says why) |
//! | a future with a time limit | [`TimeoutExt::timeout`]; a token with one: [`CancelToken::with_timeout`] |
//! | a time limit to look at, to change, to nest | [`Deadline`] |
//! | a future to stop for several reasons, or with care | [`Scope`]: [sources](Scope::source), a [grace period](Scope::grace), a [cleanup](Scope::finally) |
//! | a part of it that is not to be stopped | [`Shields::shield`] |
//! | synchronous code to stop | [`Token::check`], [`Token::is_cancelled`], the trait [`Check`] |
//! | code to run on a cancel | [`CancelToken::on_cancel`], without a heap [`OnCancel`]; [`DropGuard`] |
//! | to say why, or to ask | [`Cause`], [`Reason`]; [`Cancelled`] |
//! | an executor to connect | the traits [`Timer`], [`Spawn`], [`SpawnLocal`] |
//!
//! # Features
//!
//! * `std` (default): locks that yield and sleep, panics of callbacks contained.
//! * `alloc`: [`CancelToken`], callbacks, messages made at run time. Part of `std`. On targets
//!   without compare-and-swap the application chooses a backend of `portable-atomic`, for example
//!   by the feature below.
//! * `serde`: reasons and causes can be serialized, reasons deserialized. Needs no heap.
//! * `critical-section`: for applications on targets without compare-and-swap: lets
//!   `portable-atomic` use critical sections. Libraries leave it alone.
//! * `defmt`: `defmt::Format` for [`Reason`], [`Cancelled`], [`TimerError`], [`SpawnError`] and
//!   tokens (their state). The application provides the logger, as always with `defmt`.
//!
//! Without `std` the lock of a token is a
//! [`critical-section`](https://docs.rs/critical-section), for which the application provides an
//! implementation; each does O(1) work. Without any feature there is no heap: [`Token`], [`Child`],
//! [`OnCancel`], [`Scope`] and any number of waiters. Such a build uses atomic loads and stores alone;
//! no compare-and-swap is needed, and what a program does not use (children, callbacks) is not linked.

#![cfg_attr(not(any(feature = "std", loom)), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]
// Some parts serve shared tokens alone.
#![cfg_attr(not(feature = "alloc"), allow(dead_code))]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(all(test, not(feature = "std")))]
extern crate std;

// Floors, lowest first: a file uses only files above it in this list. Unsafe code lives in the
// files that say so here, and nowhere else.
#[allow(unsafe_code)]
mod sync;

#[allow(unsafe_code)]
mod detail;
mod error;

mod cause;
mod reason;
#[cfg(feature = "serde")]
mod serde;

#[cfg_attr(not(feature = "alloc"), path = "block_none.rs")]
#[allow(unsafe_code)]
mod block;
#[allow(unsafe_code)]
mod hook;
#[allow(unsafe_code)]
mod hub;
#[allow(unsafe_code)]
mod list;
#[cfg_attr(not(feature = "alloc"), path = "multi_none.rs")]
#[allow(unsafe_code)]
mod multi;
#[allow(unsafe_code)]
mod node;
#[allow(unsafe_code)]
mod propagate;
mod state;

#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
mod callback;
#[allow(unsafe_code)]
mod child;
#[allow(unsafe_code)]
mod future;
#[allow(unsafe_code)]
mod guard;
#[allow(unsafe_code)]
mod on_cancel;
#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
mod shared;
#[allow(unsafe_code)]
mod token;

mod check;
mod stream;
mod view;

mod rt;
mod source;

#[allow(unsafe_code)]
mod deadline;

mod grace;
mod shield;

mod scope;
mod timeout;

#[cfg(feature = "defmt")]
mod format_defmt;

#[cfg(all(test, not(loom), not(feature = "std")))]
mod sections;

pub use cause::{Cause, StaticCause};
pub use check::{Check, Never};
pub use child::Child;
pub use deadline::{Deadline, UntilDeadline};
pub use error::Cancelled;
pub use future::{CancelFutureExt, UntilCancelled, WaitForCancel};
pub use grace::{Cleanup, Grace, GracePeriod, NoCleanup, NoGrace};
pub use guard::DropGuard;
pub use on_cancel::OnCancel;
pub use reason::Reason;
pub use rt::{Spawn, SpawnError, SpawnLocal, Timer, TimerError};
pub use scope::Scope;
pub use shield::{Control, NoShields, Shield, Shields};
pub use source::{AllOf, AnyOf, DeadlineSource, NoSource, WithSource, all_of, any_of};
pub use stream::{CancelStreamExt, TakeUntilCancelled, UntilCancelledStream};
pub use timeout::{Timeout, TimeoutExt};
pub use token::{Token, TokenId, TokenRef};
pub use view::TokenView;

/// Nodes alive in the current execution of a loom model.
#[cfg(loom)]
#[doc(hidden)]
pub use sync::LIVE;

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use callback::Registration;
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use shared::CancelToken;
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
pub use timeout::TimeoutToken;
