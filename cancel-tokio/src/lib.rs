//! Cancelable operations on [tokio].
//!
//! [`Cancelable`] here is the one of [`cancel_std`], with tokio's timers and tasks instead of threads of
//! its own. What goes with it is handed on, so that this is the one crate to depend on:
//!
//! ```
//! use cancel_tokio::{CancelToken, Cancelable};
//! use std::time::Duration;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() {
//!     let stop = CancelToken::new();
//!     let op = Cancelable::with_timeout(Duration::from_secs(30)).token(&stop).name("download").build();
//!     let handle = op.clone();
//!
//!     let task = tokio::spawn(op.run(async |cx| {
//!         for chunk in 1..=100 {
//!             cx.progress(chunk, 100);
//!             cx.sleep(Duration::from_millis(20)).await;
//!         }
//!     }));
//!     std::thread::spawn(move || stop.cancel_with("user pressed stop"));
//!
//!     let cancelled = task.await.unwrap().unwrap_err();
//!     assert_eq!(cancelled.message(), Some("user pressed stop"));
//!     assert_eq!(handle.context().status().to_string(), "cancelled");
//! }
//! ```
//!
//! The guide is that of `cancel_std`, and holds here word for word:
//! [operations](cancel_std::guide::operations), [sources](cancel_std::guide::sources),
//! [stopping cleanly](cancel_std::guide::stopping_cleanly),
//! [graceful shutdown](cancel_std::guide::graceful_shutdown). New here are virtual time in tests
//! ([`Tokio`]), blocking work on tokio's pool ([`run_in_blocking_pool`]), and links to the tokens of
//! tokio-util ([`Link`]).
//!
//! # When tokio drops the run
//!
//! `tokio::select!`, `tokio::time::timeout`, `JoinHandle::abort`, a `JoinSet` that goes and a runtime that
//! is shut down drop the future of a run. That cancels the operation with [`Reason::Dropped`], so that its
//! token, children, tasks and links hear of it. (Not if the run was never polled, as in a task that is aborted
//! at once: then nothing has begun. Where somebody waits for the token all the same, give the task a
//! [`DropGuard`] of it.) No asynchronous cleanup runs then, as there is
//! nobody to poll it; for that, cancel the operation and await the run.
//!
//! # Features
//!
//! All are off by default, and are those of [`cancel_std`]: `macros` (the attribute `#[cancelable]`),
//! `resources`, `log`, `tracing` (with the target `cancel_std`), `serde`, `test-util`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

// Lowest first: a file uses only those above it.
mod clock;

mod sleep;

mod threads;

mod runtime;

mod blocking;

mod link;

pub use blocking::run_in_blocking_pool;
pub use cancel_core::{
    AllOf, AnyOf, AsToken, Bare, CancelFutureExt, CancelStreamExt, CancelToken, Cancelled, Cause,
    Check, Child, Deadline, DeadlineSource, DropGuard, Follow, Followed, HasId, Instant,
    IntoDeadline, IntoToken, Lent, Never, OnCancel, PanicGuard, Reason, Registration, Scope,
    Shield, Shields, Spawn, SpawnError, SpawnLocal, StaticCause, TakeUntilCancelled, Timeout,
    TimeoutExt, Timer, TimerError, Token, TokenId, TokenRef, TokenView, TryUntilCancelled,
    UntilCancelled, UntilDeadline, WaitForCancel, WithCleanup, WithGrace, WithShields, WithSource,
    WithSources, all_of, any_of,
};
#[cfg(feature = "macros")]
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
#[doc(inline)]
pub use cancel_macros::cancelable_tokio as cancelable;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use cancel_std::__macros;
#[cfg(feature = "resources")]
#[cfg_attr(docsrs, doc(cfg(feature = "resources")))]
pub use cancel_std::Resources;
pub use cancel_std::generic;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub use cancel_std::testing;
pub use cancel_std::{
    AsOperation, BuildError, Change, Changes, Condition, Context, Fallible, Filter, Flag,
    GroupTask, Kept, Metadata, Observer, OperationChunks, OperationId, OperationStream, Plain,
    Progress, ProgressWatch, Registry, Runtime, Signal, Signals, Snapshot, Source, Statistics,
    Status, TaskEnd, TaskError, TaskGroup, TaskOutput, TaskSet, ToFollow, Watched, Wrapped,
    block_on, current_id, current_token,
};
pub use link::{Link, tokio_cancelled};
pub use runtime::{On, Tokio};
pub use sleep::Sleep;

/// The operation on the timers and tasks of tokio's current runtime.
///
/// # Examples
///
/// ```
/// use cancel_tokio::{Cancelable, Reason};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap");
/// let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// # }
/// ```
pub type Cancelable = generic::Cancelable<Tokio>;

/// The handle of an operation on this runtime. See [`generic::Operation`].
pub type Operation = generic::Operation<Tokio>;

/// The context of a running operation on this runtime: what its body gets. See [`generic::Cx`].
pub type Cx = generic::Cx<Tokio>;
