//! `Operation`: the handle, and what can be done with it at any time from anywhere.
//!
//! Invariants
//!
//! * O1: what the builder sets (`operation/build.rs`) does not change once the operation is shared, and is
//!   read without a lock. `token` is made of it when first asked for.
//! * O2: `state` is locked for a few loads, stores and copies of strings. No foreign code runs
//!   meanwhile: neither callbacks, wakers, cancels, nor the runtime's clock.
//! * O3: the status goes from pending to running to one of the final ones, each step once, by the
//!   one runner that made the first step (`operation/run.rs`). Together with the last step, cause and
//!   error are stored, and the deadline is taken away. Nothing of that changes afterwards.
//! * O4: a parent is older than its children, so there are no circles. It is kept by them.

use crate::callbacks::Callbacks;
use crate::context::{Context, Status};
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::progress::{Metadata, Progress};
use cancel_core::{CancelToken, Cancelled, Cause, Reason, Timer, Token, WaitForCancel};
use std::borrow::Cow;
use std::fmt;
use std::iter::successors;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

mod build;
mod listen;
mod report;
mod run;
mod time;

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
pub struct Operation<R> {
    pub(crate) inner: Arc<Inner<R>>,
}

pub(crate) struct Inner<R> {
    pub(crate) id: OperationId,
    pub(crate) runtime: R,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) metadata: Metadata,
    pub(crate) callbacks: Callbacks,
    pub(crate) parent: Option<Operation<R>>,
    pub(crate) follow: Vec<CancelToken>,
    pub(crate) token: OnceLock<CancelToken>,
    /// Written under the lock of `state`.
    pub(crate) deadline: Deadline,
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) status: Status,
    /// From the start on it is part of the deadline.
    pub(crate) timeout: Duration,
    pub(crate) started: Option<Duration>,
    pub(crate) ended: Option<Duration>,
    /// Set at the end; before, the token knows.
    pub(crate) cause: Option<Cancelled>,
    pub(crate) error: Option<String>,
    pub(crate) progress: Option<Box<Progress>>,
}

impl<R> Inner<R> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing can panic half-way (O2).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_token(&self) -> CancelToken {
        match &self.parent {
            // The parent's token has been made by then: no recursion.
            Some(parent) => parent.token().child_following(&self.follow),
            None if self.follow.is_empty() => CancelToken::new(),
            None => CancelToken::any(&self.follow),
        }
    }

    /// The cause as it is now. Makes no token that would have to stay.
    fn live_cause(&self) -> Option<Cancelled> {
        match self.token.get() {
            Some(token) => token.cause(),
            None if !self.is_cancelled() => None,
            None => self.make_token().cause(),
        }
    }

    /// Makes no token: what one would be made of says the same.
    fn is_cancelled(&self) -> bool {
        match self.token.get() {
            Some(token) => token.is_cancelled(),
            None => {
                let parent = self.parent.as_ref();
                parent.is_some_and(|parent| parent.is_cancelled())
                    || self.follow.iter().any(|token| token.is_cancelled())
            }
        }
    }

    /// This operation, its parent, and so on.
    fn lineage(&self) -> impl Iterator<Item = &Inner<R>> {
        successors(Some(self), |op| {
            op.parent.as_ref().map(|parent| &*parent.inner)
        })
    }
}

impl<R: Runtime> Inner<R> {
    pub(crate) fn snapshot(&self) -> Context {
        let now = self.runtime.now();
        let live = self.live_cause();
        let callback_panics = self.callbacks.panics();
        let state = self.lock();
        let end = state.ended.unwrap_or(now);
        Context {
            id: self.id,
            parent_id: self.parent.as_ref().map(Operation::id),
            name: self.name.clone(),
            metadata: self.metadata.clone(),
            status: state.status,
            started: state.started,
            ended: state.ended,
            duration: state.started.map(|started| end.saturating_sub(started)),
            cause: if state.ended.is_some() {
                state.cause.clone()
            } else {
                live
            },
            error: state.error.clone(),
            progress: state.progress.as_deref().cloned(),
            callback_panics,
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

impl<R> UnwindSafe for Operation<R> {}
impl<R> RefUnwindSafe for Operation<R> {}

/// Takes no lock.
impl<R> fmt::Debug for Operation<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("id", &format_args!("{}", self.inner.id))
            .field("name", &self.inner.name)
            .field("token", &self.inner.token.get())
            .field("deadline", &self.inner.deadline)
            .finish_non_exhaustive()
    }
}

/// Lets go of the ancestors one by one: a chain of them may be longer than the stack.
impl<R> Drop for Inner<R> {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(operation) = next {
            next = Arc::into_inner(operation.inner).and_then(|mut inner| inner.parent.take());
        }
    }
}
