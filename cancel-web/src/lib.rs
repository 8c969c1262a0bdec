//! Cancelable operations in the browser, in its workers, and in Node.
//!
//! [`Cancelable`] here is the one of [`cancel_std`], with `setTimeout` and tasks of JavaScript's event
//! loop. What goes with it is handed on, so that this is the one crate to depend on. Tokens and
//! JavaScript's `AbortSignal` are linked both ways: [`AbortOnCancel`], [`CancelOnAbort`].
//!
//! A function for JavaScript, which it cancels by a signal, and whose `fetch` stops at once when either
//! that or the time limit comes:
//!
//! ```no_run
//! use cancel_web::{Cancelable, WebError, abort_source, abortable, fetch};
//! use std::time::Duration;
//! use wasm_bindgen::prelude::*;
//! use wasm_bindgen_futures::JsFuture;
//! use web_sys::AbortSignal;
//!
//! #[wasm_bindgen]
//! pub async fn load(url: String, signal: AbortSignal) -> Result<JsValue, WebError> {
//!     let op = Cancelable::with_timeout(Duration::from_secs(10))
//!         .source(abort_source(&signal))
//!         .name("load");
//!     op.try_run(async |cx| {
//!         abortable(cx.token(), async |signal| {
//!             let response = fetch(&url, Default::default(), signal).await?;
//!             Ok(JsFuture::from(response.text()?).await?)
//!         })
//!         .await
//!     })
//!     .await
//! }
//! ```
//!
//! In JavaScript the promise is rejected with a `DOMException` called `TimeoutError` or `AbortError`, as
//! one of JavaScript's own would be, with the message of whoever cancelled it: see [`js_error`].
//!
//! The guide is that of `cancel_std`, and holds here word for word:
//! [operations](cancel_std::guide::operations), [sources](cancel_std::guide::sources),
//! [stopping cleanly](cancel_std::guide::stopping_cleanly),
//! [graceful shutdown](cancel_std::guide::graceful_shutdown).
//!
//! # What there is not
//!
//! A thread cannot wait here, and there is no other to run things meanwhile. So
//! [`run_in_thread`](Cx::run_in_thread) is refused with an error, `block_on` and
//! [`sleep_blocking`](Cx::sleep_blocking) panic where they would have to wait, and a
//! [`Condition`] with a plain function runs it in place. There are no signals of an operating system: to
//! build one is an error.
//!
//! Values of JavaScript's are not `Send`. The body of an operation may hold them, and so may a task of a
//! [`TaskGroup`] that is started with [`spawn_local`](TaskGroup::spawn_local).
//!
//! A panic ends the whole module: wasm does not unwind.
//!
//! # Long computations
//!
//! Tasks take their turns before the page gets one: [`checkpoint`](Cx::checkpoint) lets other tasks
//! run, and sees deadlines and cancelations of theirs, but meanwhile the page neither draws nor hears
//! clicks. Work that computes for long lets it by a short sleep, of a millisecond, say, every few
//! milliseconds:
//!
//! ```no_run
//! # use cancel_web::Cx;
//! # use std::time::Duration;
//! # fn compute(_: u64) {}
//! # async fn example(cx: &Cx) {
//! for slice in 0..1000 {
//!     compute(slice);
//!     cx.progress(slice + 1, 1000);
//!     cx.sleep(Duration::from_millis(1)).await; // the page's turn, and where this ends if cancelled
//! }
//! # }
//! ```
//!
//! # Features
//!
//! All are off by default, and are those of [`cancel_std`]: `macros` (the attribute `#[cancelable]`),
//! `log`, `tracing` (with the target `cancel_std`), `serde`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

// Lowest first: a file uses only those above it.
mod clock;

mod alarm;

mod timer;

mod runtime;

mod local;

mod reason;

mod error;

mod abort;

mod fetch;

pub use abort::{AbortOnCancel, CancelOnAbort, abort_source};
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
pub use cancel_macros::cancelable_web as cancelable;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub use cancel_std::__macros;
pub use cancel_std::generic;
pub use cancel_std::{
    AsOperation, BuildError, Change, Changes, Condition, Context, Fallible, Filter, Flag,
    GroupTask, Kept, Metadata, Observer, OperationChunks, OperationId, OperationStream, Plain,
    Progress, ProgressWatch, Registry, Runtime, Signal, Signals, Snapshot, Source, Statistics,
    Status, TaskEnd, TaskError, TaskGroup, TaskOutput, TaskSet, ToFollow, Watched, Wrapped,
    current_id, current_token,
};
pub use error::WebError;
pub use fetch::{abortable, fetch};
pub use reason::{cause_of, js_error};
pub use runtime::Web;
pub use timer::Sleep;

/// The operation on JavaScript's timers and event loop.
///
/// # Examples
///
/// ```no_run
/// # async fn example() {
/// use cancel_web::{Cancelable, Reason};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap");
/// let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// # }
/// ```
pub type Cancelable = generic::Cancelable<Web>;

/// The handle of an operation on this runtime. See [`generic::Operation`].
pub type Operation = generic::Operation<Web>;

/// The context of a running operation on this runtime: what its body gets. See [`generic::Cx`].
pub type Cx = generic::Cx<Web>;
