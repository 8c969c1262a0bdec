//! Cancelable operations on [smol].
//!
//! [`Cancelable`] here is the one of [`cancel_std`], with the timers of `async-io` and the tasks of
//! smol instead of threads of its own. What goes with it is handed on, so that this is the one
//! crate to depend on:
//!
//! ```
//! use cancel_smol::{Cancelable, CancelToken};
//! use std::time::Duration;
//!
//! let stop = CancelToken::new();
//! let op = Cancelable::with_timeout(Duration::from_secs(30)).token(&stop).name("download").build();
//! let handle = op.clone();
//!
//! let task = smol::spawn(op.run(async |cx| {
//!     for chunk in 1..=100 {
//!         cx.progress(chunk, 100);
//!         cx.sleep(Duration::from_millis(20)).await;
//!     }
//! }));
//! std::thread::spawn(move || stop.cancel_with("user pressed stop"));
//!
//! let cancelled = smol::block_on(task).unwrap_err();
//! assert_eq!(cancelled.message(), Some("user pressed stop"));
//! assert_eq!(handle.context().status().to_string(), "cancelled");
//! ```
//!
//! The guide is that of `cancel_std`, and holds here word for word:
//! [operations](cancel_std::guide::operations), [sources](cancel_std::guide::sources),
//! [stopping cleanly](cancel_std::guide::stopping_cleanly),
//! [graceful shutdown](cancel_std::guide::graceful_shutdown).
//!
//! # Features
//!
//! All are off by default, and are those of [`cancel_std`]: `macros` (the attribute `#[cancelable]`),
//! `resources`, `log`, `tracing` (with the target `cancel_std`), `serde`, `test-util`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

mod timer;

mod executor;

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
pub use cancel_macros::cancelable_smol as cancelable;
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
pub use executor::{On, Smol};
pub use timer::Sleep;

/// The operation on smol's timers and its global executor.
///
/// # Examples
///
/// ```
/// use cancel_smol::{Cancelable, Reason};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap");
/// let result = smol::block_on(op.run(async |cx| cx.sleep(Duration::MAX).await));
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// ```
pub type Cancelable = generic::Cancelable<Smol>;

/// The handle of an operation on this runtime. See [`generic::Operation`].
pub type Operation = generic::Operation<Smol>;

/// The context of a running operation on this runtime: what its body gets. See [`generic::Cx`].
pub type Cx = generic::Cx<Smol>;
