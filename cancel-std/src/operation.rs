//! `Operation`: the handle, and what can be done with it at any time from anywhere.
//!
//! Invariants
//!
//! * O1: what the builder sets (`operation/build.rs`) does not change once the operation is shared, and is
//!   read without a lock. `token` is made of it when first asked for.
//! * O2: `state` is locked for a few loads, stores and copies of strings, and to enter a registry, whose
//!   locks come below it. No foreign code runs meanwhile: neither callbacks, wakers, cancels, nor the
//!   runtime's clock.
//! * O3: the status goes from pending to running to one of the final ones, each step once, by the
//!   one runner that made the first step (`operation/run.rs`). Together with the last step, cause and
//!   error are stored, and the deadline is taken away. Nothing of that changes afterwards.
//! * O4: a parent is older than its children, and parts are older than their combination, so there are
//!   no circles. Both are kept by the younger ones. Their tokens are made when they are linked.

use crate::bell::Bell;
use crate::callbacks::Callbacks;
use crate::context::{Context, Partial, Status};
use crate::current::{self, Entry};
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::progress::{Metadata, Progress};
use crate::registry::Memberships;
use crate::trace::Trace;
use cancel_core::layer::Holds;
use cancel_core::{
    CancelToken, Cancelled, Cause, HasId, Instant, Reason, Timer, Token, TokenId, WaitForCancel,
};
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

mod build;
mod compose;
mod cooperate;
mod drive;
mod enroll;
mod family;
mod group;
mod listen;
mod listen_async;
mod report;
mod run;
mod shield;
mod signals;
mod source;
mod sources;
mod thread;
mod time;
mod watch;
mod wrap;

pub(crate) use family::{Edges, Link, Parent};
pub use group::{GroupTask, TaskGroup};
pub use source::Source;
pub use watch::ProgressWatch;
pub use wrap::Wrapped;

/// What an [`Operation`] needs of a runtime: a [`Timer`] to hold and to use from any thread.
///
/// Implemented for whatever fulfils it. [`Std`](crate::Std) does.
///
/// # Examples
///
/// ```
/// fn is_runtime<R: cancel_std::Runtime>() {}
/// is_runtime::<cancel_std::Std>();
/// ```
pub trait Runtime: Timer<Sleep: Send> + Clone + Send + Sync + 'static {}

impl<R: Timer<Sleep: Send> + Clone + Send + Sync + 'static> Runtime for R {}

/// Work that can be cancelled: by a timeout, by tokens, by its parent, by any thread that has a
/// handle of it.
///
/// This is a handle; clones are the same operation. What sets it up (`name`, `timeout`, `follow`,
/// `on_progress`, ...) consumes the only handle, and panics if there is another one. So one sets it
/// up, keeps a clone where it is to be watched or cancelled, and [runs](Operation::run) a body:
///
/// ```
/// use cancel_std::{Cancelable, Reason};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_secs(30)).name("download");
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
/// `R` is the runtime, which tells and waits for the time. [`Cancelable`](crate::Cancelable) is the
/// operation that needs none; each adapter has an alias of that name for its own.
///
/// # Its token
///
/// An operation has a [`token`](Operation::token) of its own, which is a child of its parent's
/// token and follows those given to it. Cancelling the operation cancels that one and what depends
/// on it, never the parent or the tokens followed.
///
/// The end of an operation does not cancel its token, except that a dropped run does
/// ([`Reason::Dropped`]). If somebody cancels the token after the end, its children are cancelled,
/// but the outcome does not change.
///
/// # Memory
///
/// One allocation for the operation and one for its token; callbacks, metadata and progress come
/// on top only if there are any. A child keeps its parent, which knows nothing of it.
#[must_use = "an operation does nothing until it is run"]
pub struct Operation<R> {
    pub(crate) inner: Arc<Inner<R>>,
}

pub(crate) struct Inner<R> {
    pub(crate) id: OperationId,
    pub(crate) runtime: R,
    pub(crate) setup: Setup<R>,
    pub(crate) token: OnceLock<CancelToken>,
    /// Written under the lock of `state`.
    pub(crate) deadline: Deadline,
    /// Rung for the runner: deadline moved, end forced, work queued.
    pub(crate) bell: Bell,
    /// Its span, if there are any.
    pub(crate) trace: Trace,
    /// Open shields, and nested operations at their ends (`operation/shield.rs`).
    pub(crate) holds: Holds,
    /// No grace any more (`force`).
    pub(crate) forced: AtomicBool,
    pub(crate) state: Mutex<State<R>>,
}

/// What the builder sets (O1).
pub(crate) struct Setup<R> {
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) parent: Option<Parent<R>>,
    pub(crate) callbacks: Callbacks,
    pub(crate) rest: Option<Box<Rest<R>>>,
}

/// What most operations do without.
pub(crate) struct Rest<R> {
    pub(crate) metadata: Metadata,
    pub(crate) follow: Vec<CancelToken>,
    /// The operations that this one is a combination of.
    pub(crate) parts: Vec<Operation<R>>,
    pub(crate) grace: Duration,
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
    /// It has become a part of another operation, and cannot run any more.
    pub(crate) combined: bool,
    /// The registries that it leaves at its end.
    pub(crate) registries: Memberships,
}

/// What is only there if it was reported.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) error: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) partial: Option<Partial>,
    /// Of chunked streams: a `Vec` of items each.
    pub(crate) undelivered: Vec<Partial>,
    /// How many reports there were.
    pub(crate) version: u64,
    /// Those who wait for the next one, each with a number of its own.
    pub(crate) watchers: Vec<(u64, Waker)>,
}

pub(crate) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the start takes away.
pub(crate) struct Pending<R> {
    pub(crate) sources: Vec<Source<R>>,
    pub(crate) cleanups: Vec<Box<dyn FnOnce(Operation<R>) -> Work + Send>>,
}

impl<R> State<R> {
    pub(crate) fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    pub(crate) fn pending(&mut self) -> &mut Pending<R> {
        self.pending.get_or_insert_with(|| {
            Box::new(Pending {
                sources: Vec::new(),
                cleanups: Vec::new(),
            })
        })
    }
}

impl<R> Setup<R> {
    pub(crate) fn rest(&mut self) -> &mut Rest<R> {
        self.rest.get_or_insert_with(|| {
            Box::new(Rest {
                metadata: Metadata::new(),
                follow: Vec::new(),
                parts: Vec::new(),
                grace: Duration::ZERO,
            })
        })
    }

    pub(crate) fn follow(&self) -> &[CancelToken] {
        self.rest.as_ref().map_or(&[], |rest| &rest.follow)
    }

    pub(crate) fn parts(&self) -> &[Operation<R>] {
        self.rest.as_ref().map_or(&[], |rest| &rest.parts)
    }

    pub(crate) fn grace(&self) -> Duration {
        self.rest.as_ref().map_or(Duration::ZERO, |rest| rest.grace)
    }
}

impl<R> Inner<R> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<R>> {
        // Nothing can panic half-way (O2).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the runner. Contained, since this comes after the change that it is to see, and others may
    /// be waiting to be told.
    pub(crate) fn ring(&self) {
        self.setup.callbacks.contain(|| self.bell.ring());
    }

    /// The tokens whose cancel cancels this operation.
    fn upstream(&self) -> impl Iterator<Item = &CancelToken> {
        // (The tokens of parents and parts have been made by then: no recursion.)
        let parts = self.setup.parts().iter().map(Operation::token);
        self.cancelling_parent()
            .into_iter()
            .map(Operation::token)
            .chain(parts)
            .chain(self.setup.follow())
    }

    fn make_token(&self) -> CancelToken {
        let parts = self.setup.parts().iter().map(Operation::token);
        let others = parts.chain(self.setup.follow());
        match self.cancelling_parent() {
            Some(parent) => parent.token().child_following(others),
            None if self.setup.rest.is_none() => CancelToken::new(),
            None => CancelToken::any(others),
        }
    }

    /// The cause as it is now. Makes no token that would have to stay.
    fn live_cause(&self) -> Option<Cancelled> {
        if !self.is_cancelled() {
            return None;
        }
        match self.token.get() {
            Some(token) => token.cause(),
            None => self.make_token().cause(),
        }
    }

    /// Makes no token: what one would be made of says the same.
    #[inline]
    pub(crate) fn is_cancelled(&self) -> bool {
        match self.token.get() {
            Some(token) => token.is_cancelled(),
            None if self.setup.parent.is_none() && self.setup.rest.is_none() => false,
            None => self.upstream().any(|token| token.is_cancelled()),
        }
    }
}

impl<R: Runtime> Inner<R> {
    pub(crate) fn snapshot(&self) -> Context {
        let now = self.runtime.now();
        let live = self.live_cause();
        let deadline = self.earliest().map(|(at, _)| at);
        let rest = self.setup.rest.as_ref();
        let shielded = self.is_held();
        let panics = self.setup.callbacks.panics();
        let state = self.lock();
        let end = state.ended.unwrap_or(now);
        let details = state.details.as_deref();
        Context {
            id: self.id,
            parent_id: self.parent_id(),
            name: self.setup.name.clone(),
            metadata: rest.map_or(Metadata::new(), |rest| rest.metadata.clone()),
            status: state.status,
            shielded: shielded && state.status == Status::Running,
            started: state.started,
            ended: state.ended,
            duration: state.started.map(|started| end - started),
            remaining: match state.ended {
                Some(_) => None,
                None => deadline.map(|at| at - now),
            },
            cause: match state.ended {
                Some(_) => state.cause.clone(),
                None => live,
            },
            error: details.and_then(|details| details.error.clone()),
            progress: details.and_then(|details| details.progress.clone()),
            partial: details.and_then(|details| details.partial.clone()),
            undelivered: details.map_or(Vec::new(), |details| details.undelivered.clone()),
            callback_panics: panics,
        }
    }
}

impl<R> Operation<R> {
    /// What tells this operation from all others of the process.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new();
    /// assert_eq!(op.id(), op.clone().id());
    /// ```
    pub fn id(&self) -> OperationId {
        self.inner.id
    }

    /// The runtime, for its clock, its sleeps, and if it can, to spawn.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Timer};
    ///
    /// let op = Cancelable::new();
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().ended() <= Some(op.runtime().now()));
    /// ```
    pub fn runtime(&self) -> &R {
        &self.inner.runtime
    }

    /// The operation's own token: to wait for it, to make children of it, to register callbacks.
    ///
    /// It is made when it is first asked for; parents and tokens to follow have to be given before.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new();
    /// let part = op.token().child();
    /// op.cancel();
    /// assert!(part.is_cancelled());
    /// ```
    pub fn token(&self) -> &CancelToken {
        self.inner.token.get_or_init(|| self.inner.make_token())
    }

    /// Cancels the operation, with [`Reason::Manual`].
    ///
    /// Otherwise as [`cancel_with`](Operation::cancel_with).
    ///
    /// # Returns
    ///
    /// `true` for the one call that won.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`]: with the first panic of the wakers and callbacks of the token.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new();
    /// assert!(op.cancel());
    /// assert!(smol::block_on(op.run(async |_| unreachable!())).unwrap_or_else(|_| true));
    /// ```
    pub fn cancel(&self) -> bool {
        self.cancel_with(Reason::Manual)
    }

    /// Cancels the operation and says why, from any thread: a message, a [`Reason`], both, or a
    /// whole [`Cause`].
    ///
    /// The body is dropped by the task that runs it, at the next point where it awaits something
    /// that is not ready. One that has not been started is never polled.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won; its cause is the one that stays.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Operation::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let op = Cancelable::new();
    /// op.cancel_with((Reason::Shutdown, "SIGTERM"));
    /// assert_eq!(op.context().message(), Some("SIGTERM"));
    /// ```
    pub fn cancel_with(&self, cause: impl Into<Cause>) -> bool {
        self.token().cancel_with(cause)
    }

    /// Whether cancelation has been asked for: two loads. Does not look at the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cancel_std::Cancelable::new().is_cancelled());
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.inner.is_cancelled()
    }

    /// Resolves once cancelation is asked for. For other tasks than the body, which is dropped
    /// when that happens.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new();
    /// let handle = op.clone();
    /// std::thread::spawn(move || handle.cancel_with("enough"));
    /// assert_eq!(smol::block_on(op.cancelled()).message(), Some("enough"));
    /// ```
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        self.token().cancelled()
    }

    /// Where the operation is in its life.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// assert_eq!(Cancelable::new().status(), Status::Pending);
    /// ```
    pub fn status(&self) -> Status {
        self.inner.lock().status
    }
}

impl<R: Runtime> Operation<R> {
    /// What is known about the operation now: a snapshot.
    ///
    /// At any time, from any thread, also after the end.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("idle");
    /// assert_eq!(op.context().name(), Some("idle"));
    /// assert_eq!(op.context().duration(), None);
    /// ```
    pub fn context(&self) -> Context {
        self.inner.snapshot()
    }
}

/// Another handle of the same operation.
impl<R> Clone for Operation<R> {
    fn clone(&self) -> Self {
        Operation {
            inner: self.inner.clone(),
        }
    }
}

impl<R: Runtime> Entry for Operation<R> {
    fn id(&self) -> OperationId {
        self.inner.id
    }

    fn token(&self) -> CancelToken {
        Operation::token(self).clone()
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

impl<R: Runtime> Operation<R> {
    /// The operation whose body is running here, if it runs on this kind of runtime: the innermost
    /// one. See [`current_token`](crate::current_token) for where that is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// fn deep_inside() {
    ///     if let Some(op) = Cancelable::current() {
    ///         op.report_progress("deep inside");
    ///     }
    /// }
    ///
    /// let op = Cancelable::new();
    /// smol::block_on(op.run(async |_| deep_inside())).unwrap();
    /// assert_eq!(op.context().progress().unwrap().message(), "deep inside");
    /// assert!(Cancelable::current().is_none());
    /// ```
    pub fn current() -> Option<Self> {
        current::find()
    }
}

/// By the id of its [token](Operation::token), which this makes if nobody has asked for it before.
///
/// ```
/// use cancel_std::Cancelable;
///
/// let op = Cancelable::new();
/// op.cancel_with("enough");
/// assert!(op.token().cause().unwrap().is_from(&op));
/// ```
impl<R> HasId for Operation<R> {
    fn id(&self) -> TokenId {
        self.token().id()
    }
}

impl<R> UnwindSafe for Operation<R> {}
impl<R> RefUnwindSafe for Operation<R> {}

/// Takes no lock.
impl<R> fmt::Debug for Operation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("id", &format_args!("{}", self.inner.id))
            .field("name", &self.inner.setup.name)
            .field("token", &self.inner.token.get())
            .field("deadline", &self.inner.deadline)
            .finish_non_exhaustive()
    }
}

/// Lets go of parents and parts one by one: a chain of them may be longer than the stack.
impl<R> Drop for Inner<R> {
    fn drop(&mut self) {
        self.leave();
        if self.setup.parent.is_none() && self.setup.rest.is_none() {
            return;
        }
        let mut left = Vec::new();
        self.setup.take_relatives(&mut left);
        while let Some(operation) = left.pop() {
            if let Some(mut inner) = Arc::into_inner(operation.inner) {
                inner.setup.take_relatives(&mut left);
            }
        }
    }
}

impl<R> Setup<R> {
    fn take_relatives(&mut self, into: &mut Vec<Operation<R>>) {
        into.extend(self.parent.take().map(|parent| parent.operation));
        if let Some(rest) = &mut self.rest {
            into.append(&mut rest.parts);
        }
    }
}
