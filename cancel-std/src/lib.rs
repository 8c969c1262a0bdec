//! Cancelable operations with timeouts, on any executor or none.
//!
//! This crate brings what `cancel-core` leaves out because it needs the standard library: a clock
//! and a timer of its own, and a place to run tasks. [`Std`] is the runtime that stands for them.
//! It needs no executor, and works under every one.
//!
//! On it stand the operations: bodies of work with timeouts, tokens, parents, progress and a report
//! of how they ended. See [`Cancelable`], the operation that runs on [`Std`], and [`Operation`] for
//! what it can do. A [`Registry`] lists, counts and cancels them from outside; streams become part of
//! them by [`stream`](Cx::stream). Plain threads wait for tokens with [`Token::wait`], and for
//! futures with [`block_on`].
//!
//! ```
//! use cancel_std::{Cancelable, Reason};
//! use std::time::Duration;
//!
//! let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap");
//! let result = cancel_std::block_on(op.run(async |cx| {
//!     cx.sleep(Duration::from_secs(3600)).await;
//! }));
//! assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
//! ```
//!
//! The tokens and what goes with them are those of `cancel-core`, handed on, so that this is the
//! one crate to depend on.
//!
//! Start with the guide: [operations](guide::operations), [sources](guide::sources),
//! [stopping cleanly](guide::stopping_cleanly), [graceful shutdown](guide::graceful_shutdown).
//!
//! # Features
//!
//! All are off by default, and what is off costs nothing.
//!
//! * `macros`: the attribute `#[cancelable]`, which makes operations of functions.
//! * `resources`: `Resources`, which cancels work when memory, processor or disks run short.
//! * `log`: each operation writes to [`log`](https://docs.rs/log) when it starts (debug), is asked to
//!   end (info, with reason and message) and has ended (debug, info if cancelled, warn if failed), and
//!   panics of its callbacks (warn): with its id, its name and its parent. The target is `cancel_std`.
//! * `tracing`: the same as events of [`tracing`](https://docs.rs/tracing), and a span `operation` (info)
//!   from the start to the end of each, with the fields `id`, `name` and `parent`. It stands below the span
//!   that is current at the start, and is entered whenever body, callbacks or cleanup run, so that what
//!   they say lies inside.
//! * `serde`: contexts, causes, reasons, progress, metadata, snapshots of registries can be serialized,
//!   and read back where that makes sense.
//! * `test-util`: the testing kit, `cancel_std::testing`.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

// Lowest first: a file uses only those above it.
mod basics;

mod time;

mod threads;

mod runtime;

mod signal;

mod report;

mod registry;

#[cfg(feature = "serde")]
mod serde;

mod current;

mod operation;

mod stream;

mod source;

#[cfg(feature = "resources")]
mod resources;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "macros.rs"]
pub mod __macros;

#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod testing;

pub mod generic;

pub mod guide;

pub use basics::{BuildError, OperationId};
pub use cancel_core::{
    AllOf, AnyOf, AsToken, Bare, CancelFutureExt, CancelStreamExt, CancelToken, Cancelled, Cause,
    Check, Child, Deadline, DeadlineSource, DropGuard, Follow, Followed, HasId, Instant,
    IntoDeadline, IntoToken, Lent, Never, OnCancel, PanicGuard, Reason, Registration, Scope,
    Shield, Shields, Spawn, SpawnError, SpawnLocal, StaticCause, TakeUntilCancelled, Timeout,
    TimeoutExt, Timer, TimerError, Token, TokenId, TokenRef, TokenView, TryUntilCancelled,
    UntilCancelled, UntilDeadline, WaitForCancel, WithCleanup, WithGrace, WithShields, WithSource,
    WithSources, all_of, any_of, block_on,
};
#[cfg(feature = "macros")]
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use cancel_macros::cancelable;
pub use current::{current_id, current_token};
pub use operation::{
    AsOperation, GroupTask, ProgressWatch, Runtime, Source, TaskEnd, TaskGroup, TaskOutput,
    TaskSet, ToFollow, Wrapped,
};
pub use registry::{Change, Changes, Filter, Registry, Snapshot, Statistics};
pub use report::{Context, Metadata, Observer, Progress, Status, TaskError};
#[cfg(feature = "resources")]
#[cfg_attr(docsrs, doc(cfg(feature = "resources")))]
pub use resources::Resources;
pub use runtime::Std;
pub use signal::{Signal, Signals};
pub use source::{Condition, Flag, Watched};
pub use stream::{Fallible, Kept, OperationChunks, OperationStream, Plain};
pub use time::Sleep;

/// An operation to be set up that needs no executor: its time is that of this crate's own timer.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
/// use std::time::Duration;
///
/// let greeting = Cancelable::with_timeout(Duration::from_secs(5)).name("greeting");
/// assert_eq!(smol::block_on(greeting.run(async |_| "hello")), Ok("hello"));
/// ```
pub type Cancelable = generic::Cancelable<Std>;

/// The handle of an operation that needs no executor.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Operation};
///
/// fn stop(op: &Operation) {
///     op.cancel_with("user pressed stop");
/// }
///
/// let op = Cancelable::new().build();
/// stop(&op);
/// assert!(op.is_cancelled());
/// ```
pub type Operation = generic::Operation<Std>;

/// The context of a running operation that needs no executor: what its body gets.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Cx};
/// use std::time::Duration;
///
/// async fn nap(cx: &Cx) {
///     cx.sleep(Duration::from_millis(5)).await;
/// }
///
/// assert_eq!(smol::block_on(Cancelable::new().run(nap)), Ok(()));
/// ```
pub type Cx = generic::Cx<Std>;
