//! The types of operations, which know each other: set-up, handle, context, sources, and what lies behind a handle.
//!
//! Invariants
//!
//! * O1: the settings (`operation/cancelable.rs`) do not change once the operation is built, and are read
//!   without a lock. `token` is made of them when first asked for.
//! * O2: `state` is locked for a few loads, stores and copies of strings, and to enter a registry, whose
//!   locks come below it. No foreign code runs meanwhile: neither callbacks, wakers, cancels, nor the
//!   runtime's clock.
//! * O3: the status goes from pending to running to one of the final ones, each step once, by the
//!   one runner that made the first step (`operation/end.rs`). Together with the last step, cause and
//!   error are stored, and the deadline is taken away. Nothing of that changes afterwards.
//! * O4: there are no circles of parents: those that are set up are older than their children, and the one
//!   that an operation gets at its start is not below it (`operation/nest.rs`). They are kept by their
//!   children, unless they have ended before those are built (`operation/outlived.rs`). The token of a parent is made when the first child is linked to it.

use super::details::{Details, GroupSettings};
use crate::basics::id::OperationId;
use crate::basics::runner_waker::RunnerWaker;
use crate::registry::Memberships;
use crate::report::callbacks::{CallbackList, Callbacks, Work};
use crate::report::progress::Metadata;
use crate::report::status::Status;
use crate::report::trace::Trace;
use crate::time::deadline::Deadline;
use cancel_core::layer::Holds;
use cancel_core::{CancelToken, Cancelled, Cause, Instant};
use futures_core::Stream;
use std::borrow::Cow;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// An operation that is being set up: work that can be cancelled by a timeout, by tokens, by
/// signals, by its parent, or through a handle.
///
/// This is a builder. Every setting takes it by value and returns it. The last call either
/// [runs](Cancelable::run) a body, or makes the handle: [`build`](Cancelable::build) returns an
/// [`Operation`], which can be cloned and shared, and which is run once.
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// // Set up and run at once:
/// let nap = Cancelable::with_timeout(Duration::from_millis(5))
///     .name("nap")
///     .run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
/// assert_eq!(smol::block_on(nap).unwrap_err().reason(), Reason::Timeout);
///
/// // With a handle, to cancel and to watch it:
/// let op = Cancelable::with_timeout(Duration::from_secs(30)).name("download").build();
/// let handle = op.clone();
/// std::thread::spawn(move || handle.cancel_with("user pressed stop"));
/// let download = op.run(async |cx| {
///     for chunk in 1..=100 {
///         cx.progress(chunk, 100);
///         cx.sleep(Duration::from_millis(20)).await;
///     }
/// });
/// assert_eq!(smol::block_on(download).unwrap_err().message(), Some("user pressed stop"));
/// ```
///
/// # Nesting
///
/// An operation that runs inside the body of another one is a part of it, as in Trio and Kotlin. If it was
/// set up without a [`parent`](Cancelable::parent), it becomes a [child](crate::Operation::child) of the
/// [current](crate::Operation::current) operation at its first poll: cancelled with it, limited by its
/// deadline, heard by its `on_progress`; and the body around is not dropped before the cleanup of the one
/// inside has run. So a function may have an operation of its own, and need not be given a `Cx`:
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// async fn fetch() -> Result<(), cancel_std::Cancelled> {
///     let op = Cancelable::with_timeout(Duration::from_secs(3600)).name("fetch");
///     let op = op.finally(|_| async { println!("connection closed") });
///     op.run(async |cx| cx.sleep(Duration::MAX).await).await
/// }
///
/// let outer = Cancelable::with_timeout(Duration::from_millis(5)).build();
/// let run = outer.run(async |_| fetch().await.unwrap_err());
/// assert_eq!(smol::block_on(run).unwrap().reason(), Reason::Parent); // after 5 ms, and closed
/// ```
///
/// This holds in bodies, shields, cleanups, and in closures of [`run_in_thread`](crate::Cx::run_in_thread) and
/// `run_blocking`; for `run`, `run_blocking` and `run_group` in all their forms. It does not hold
///
/// * for an operation that is [`detached`](Cancelable::detached), or has a parent;
/// * between operations of different runtime types;
/// * in tasks and threads that the body starts by other means (see [`Cx::within`](crate::Cx::within));
/// * for a body that would be inside itself: an operation above the current one is no child of it;
/// * for the [streams](Cancelable::stream) of an operation that is not run.
///
/// What there was before the first poll becomes a part of it, too: the token of the operation, if somebody has
/// asked for it, its children, and theirs are cancelled with the host then, before its `cancel` returns, for the same cause. A
/// body that polls an executor inside of itself is around the tasks that this executor starts there.
///
/// # Runtime
///
/// `R` is the runtime, which tells and waits for the time. `cancel_std::Cancelable` is the alias for
/// [`Std`](crate::Std), which needs no executor; each adapter has an alias of that name for its
/// runtime.
#[must_use = "an operation does nothing until it is run"]
#[doc(alias = "Builder")]
pub struct Cancelable<R> {
    pub(super) runtime: R,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) parent: Option<Parent<R>>,
    pub(super) callbacks: Option<Box<CallbackList>>,
    pub(super) rest: Option<Box<Rest<R>>>,
    pub(super) timeout: Duration,
    pub(super) deadline: Option<Instant>,
    pub(super) pending: Option<Box<Pending<R>>>,
    pub(super) registries: Memberships,
}

/// The settings that stay for as long as the operation (O1).
pub(crate) struct Setup<R> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) parent: Option<Parent<R>>,
    pub(crate) callbacks: Callbacks,
    pub(crate) rest: Option<Box<Rest<R>>>,
}

/// Settings that most operations do without.
pub(crate) struct Rest<R> {
    pub(crate) metadata: Metadata,
    pub(crate) external_id: Option<Cow<'static, str>>,
    pub(crate) follow: Vec<CancelToken>,
    /// Further parents: those of the operations that were combined with this one.
    pub(crate) parents: Vec<Parent<R>>,
    /// Tokens of parents that had ended, cancelled, when the operation was built.
    pub(crate) cancelled: Vec<CancelToken>,
    /// The first parent, if that had ended.
    pub(crate) parent_id: Option<OperationId>,
    /// Where it runs, it gets no parent.
    pub(crate) detached: bool,
    pub(crate) grace: Duration,
    /// What the timeout is told as, beside its limit and the name. With the reason of a timeout.
    pub(crate) timeout_cause: Option<Cause>,
    pub(crate) group: GroupSettings,
}

/// A cleanup, and how long it may take.
pub(crate) struct AtEnd<R> {
    pub(super) limit: Duration,
    pub(super) work: Box<dyn FnOnce(Cx<R>) -> Work + Send>,
}

/// Settings that the start of the run takes away.
pub(crate) struct Pending<R> {
    pub(crate) sources: Vec<Source<R>>,
    pub(crate) cleanups: Vec<AtEnd<R>>,
}

/// The handle of an operation: work that can be cancelled. Made by
/// [`Cancelable::build`](crate::Cancelable::build).
///
/// Clones are handles of the same operation. One keeps a clone where the operation is to be watched or
/// cancelled, from any thread, and [runs](crate::Cancelable::run) a body, once:
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_secs(30)).name("download").build();
/// let handle = op.clone();
/// std::thread::spawn(move || handle.cancel_with("user pressed stop"));
///
/// let result = smol::block_on(op.run(async |cx| {
///     for chunk in 1..=100 {
///         cx.progress(chunk, 100);
///         cx.sleep(Duration::from_millis(20)).await;
///     }
/// }));
/// assert_eq!(result.unwrap_err().message(), Some("user pressed stop"));
/// assert_eq!(op.context().reason(), Some(Reason::Manual));
/// ```
///
/// `R` is the runtime, which tells and waits for the time. `cancel_std::Operation` is the alias for
/// [`Std`](crate::Std), which needs no executor; each adapter has an alias of that name for its
/// runtime.
///
/// # Its token
///
/// An operation has a [`token`](Operation::token) of its own, which is a child of its parent's
/// token and follows those given to it. Cancelling the operation cancels that one and what depends
/// on it, never the parent or the tokens followed. Where a token is asked for, the operation can be
/// given.
///
/// The end of an operation does not cancel its token, except that a dropped run does
/// ([`Reason::Dropped`](cancel_core::Reason::Dropped)). If somebody cancels the token after the end, its children are cancelled,
/// but the outcome does not change.
///
/// # Memory
///
/// One allocation for the operation and one for its token; callbacks, metadata and progress come
/// on top only if there are any. A child keeps its parent, which knows nothing of it.
#[must_use = "an operation does nothing until it is run"]
#[doc(alias = "CancellationToken")]
#[doc(alias = "handle")]
pub struct Operation<R> {
    pub(crate) inner: Arc<Inner<R>>,
}

/// The context of a running operation: what its body gets, and its cleanups, tasks and closures on
/// other threads.
///
/// It sleeps, checks, reports progress, opens shields, and makes children:
///
/// ```
/// use cancel_std::{Cancelable, Cx};
/// use std::time::Duration;
///
/// async fn copy(cx: &Cx, blocks: u64) {
///     for block in 1..=blocks {
///         cx.sleep(Duration::from_millis(1)).await;
///         cx.progress(block, blocks);
///     }
/// }
///
/// let op = Cancelable::with_timeout(Duration::from_secs(60)).name("copy").build();
/// smol::block_on(op.run(async |cx| copy(cx, 3).await)).unwrap();
/// assert_eq!(op.context().progress().unwrap().to_string(), "3/3");
/// ```
///
/// A body gets a reference, `async |cx| ..`. Work in a [shield](Cx::shield) and cleanups get one of their own:
/// its token and limits are those of that work, its [operation](Cx::operation) is the same. A clone is cheap, and can be moved to another task or
/// thread. [`operation`](Cx::operation) is the handle: for the snapshot, the status, another limit.
/// Where a token or a parent is asked for, a `Cx` can be given.
///
/// `R` is the runtime. `cancel_std::Cx` is the alias for [`Std`](crate::Std), which needs no executor;
/// each adapter has an alias of that name for its runtime.
pub struct Cx<R> {
    /// Its token and its limits are those that apply here. In a shield, a cleanup or a callback it is the
    /// hidden operation of that one.
    pub(crate) scope: Operation<R>,
}

pub(crate) struct Inner<R> {
    pub(crate) id: OperationId,
    pub(crate) runtime: R,
    pub(crate) setup: Setup<R>,
    pub(crate) token: OnceLock<CancelToken>,
    /// The token was made when there was no parent.
    pub(crate) apart: AtomicBool,
    /// The operation inside whose body it runs, if it was set up without a parent.
    pub(crate) host: OnceLock<Parent<R>>,
    /// Written under the lock of `state`.
    pub(crate) deadline: Deadline,
    /// Wakes the runner: deadline moved, work queued.
    pub(crate) runner: RunnerWaker,
    /// Its span, if there are any.
    pub(crate) trace: Trace,
    /// Open shields, and nested operations at their ends (`operation/shield.rs`).
    pub(crate) holds: Holds,
    /// Cancelled by a second request (`operation/force.rs`).
    pub(crate) force: OnceLock<CancelToken>,
    pub(crate) state: Mutex<State<R>>,
}

pub(crate) struct State<R> {
    pub(crate) status: Status,
    /// From the start on it is part of the deadline.
    pub(crate) timeout: Duration,
    pub(crate) started: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// Set at the end; before, the token knows.
    pub(crate) cause: Option<Cancelled>,
    pub(crate) details: Option<Box<Details>>,
    pub(crate) pending: Option<Box<Pending<R>>>,
    /// The registries that it leaves at its end.
    pub(crate) registries: Memberships,
}

pub(crate) struct Parent<R> {
    pub(crate) operation: Operation<R>,
    pub(crate) link: Link,
}

/// What a parent means to its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// Runs inside the parent's body: the parent waits for its shields and its end.
    Nested,
    /// Is cancelled with the parent.
    Linked,
    /// Only reports progress to it.
    Detached,
    /// Is the hidden operation of work in a shield, a cleanup or a late callback of the parent, its owner.
    /// Neither cancelation nor deadlines nor force come down to it; identity, progress and logs are the
    /// owner's.
    Shield,
}

/// What a source is while its operation runs. The first item asks for the cancelation; later ones
/// are further requests, which end a grace period.
pub(crate) type Started = Pin<Box<dyn Stream<Item = Cause> + Send>>;

type Start<R> = Box<dyn FnOnce(&Cx<R>) -> Started + Send>;

/// Something that may ask for the cancelation of an operation: a time, a token, a signal, a
/// condition, any future.
///
/// It begins to work when the operation [runs](Cancelable::run), as a part of that future: no task is
/// spawned for it, and it is gone when the run is, whichever way that ends. Sources nest to any
/// depth by [`any`](Source::any) and [`all`](Source::all); the reason and the message of the one that
/// fired come through.
///
/// # Examples
///
/// ```
/// use cancel_std::{CancelToken, Cancelable, Source};
/// use std::time::Duration;
///
/// let stop = CancelToken::new();
/// let op = Cancelable::any([
///     Source::timeout(Duration::from_secs(600)),
///     Source::token(&stop),
///     Source::future(async { "the moon is full" }),
/// ]);
/// let result = smol::block_on(op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await));
/// assert_eq!(result.unwrap_err().message(), Some("the moon is full"));
/// ```
///
/// # Sources of one's own
///
/// Any future ([`future`](Source::future), [`future_with`](Source::future_with)) and any stream
/// ([`stream`](Source::stream)) is one. A type, or the objects of a trait, are given to operations
/// like the ones of this crate after a `From`:
///
/// ```
/// use cancel_std::{Cancelable, Runtime, Source};
///
/// trait Alarm: Send {
///     fn wait(&mut self) -> String; // may block
/// }
///
/// impl<R: Runtime> From<Box<dyn Alarm>> for Source<R> {
///     fn from(mut alarm: Box<dyn Alarm>) -> Self {
///         Source::future(smol::unblock(move || alarm.wait()))
///     }
/// }
///
/// struct Smoke;
///
/// impl Alarm for Smoke {
///     fn wait(&mut self) -> String {
///         String::from("smoke in the cellar")
///     }
/// }
///
/// let alarm: Box<dyn Alarm> = Box::new(Smoke);
/// let op = Cancelable::new().source(alarm);
/// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
/// assert_eq!(cancelled.unwrap_err().message(), Some("smoke in the cellar"));
/// ```
#[must_use = "a source does nothing until it is given to an operation"]
pub struct Source<R> {
    pub(super) kind: Kind<R>,
}

pub(super) enum Kind<R> {
    One(Trigger<R>),
    Any(Many<R>),
    /// With what operations in it were set up with, beside their sources.
    All(Many<R>, Option<Box<Cancelable<R>>>),
    Cancelable(Box<Cancelable<R>>),
}

/// A source that is made of no others.
pub(super) enum Trigger<R> {
    /// With what it is told as, if that was said.
    Timeout(Duration, Option<Cause>),
    /// `FAR_FUTURE`: none.
    Deadline(Instant),
    Token(CancelToken),
    Other {
        name: Cow<'static, str>,
        start: Start<R>,
    },
}

/// Sources that are composed. They may be nested deeper than the stack.
pub(super) struct Many<R>(pub(super) Vec<Source<R>>);
