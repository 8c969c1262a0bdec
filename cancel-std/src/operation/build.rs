//! How an operation is made and set up.

use super::{Inner, Operation, Runtime, State};
use crate::callbacks::Callbacks;
use crate::context::Status;
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::progress::Metadata;
use cancel_core::CancelToken;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Making one, on a runtime that needs no values. Nothing of this can fail.
impl<R: Runtime + Default> Operation<R> {
    /// An operation without limits.
    ///
    /// # Examples
    ///
    /// ```
    /// let run = cancel_std::Cancelable::new().run(async |_| 5);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn new() -> Self {
        Operation::on(R::default())
    }

    /// An operation that is cancelled with [`Reason::Timeout`](cancel_core::Reason::Timeout) when
    /// it takes longer than `timeout`.
    ///
    /// The time runs from the start: the first poll of [`run`](Operation::run). Zero means that the
    /// body is never polled; [`Duration::MAX`] is never over. An operation that is not run never
    /// times out, and limits none of its children.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::with_timeout(Duration::from_millis(5)).run(async |cx| {
    ///     cx.sleep(Duration::from_secs(3600)).await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    pub fn with_timeout(timeout: Duration) -> Self {
        Self::new().timeout(timeout)
    }

    /// An operation that is cancelled with [`Reason::Timeout`](cancel_core::Reason::Timeout) when
    /// the clock of its runtime ([`Timer::now`](cancel_core::Timer::now)) reaches `deadline`.
    ///
    /// If that is in the past at the start, the body is never polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let both_until = Std.now() + Duration::from_secs(5);
    /// let first = Cancelable::with_deadline(both_until);
    /// let second = Cancelable::with_deadline(both_until);
    /// assert_eq!(first.deadline(), second.deadline());
    /// ```
    pub fn with_deadline(deadline: Duration) -> Self {
        Self::new().until(deadline)
    }

    /// An operation that is cancelled with `token`, with the same cause. Several operations may
    /// share one.
    ///
    /// The operation only follows: cancelling it leaves `token` alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable};
    ///
    /// let stop = CancelToken::new();
    /// let (one, two) = (Cancelable::with_token(&stop), Cancelable::with_token(&stop));
    /// one.cancel();
    /// assert!(!stop.is_cancelled() && !two.is_cancelled());
    /// stop.cancel_with("enough");
    /// assert_eq!(two.context().message(), Some("enough"));
    /// ```
    pub fn with_token(token: &CancelToken) -> Self {
        Self::new().follow(token)
    }
}

impl<R: Runtime> Operation<R> {
    /// An operation without limits, on a runtime that is a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Operation, Std};
    ///
    /// let run = Operation::on(Std).run(async |_| 5);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn on(runtime: R) -> Self {
        let state = State {
            status: Status::Pending,
            timeout: Duration::MAX,
            started: None,
            ended: None,
            cause: None,
            error: None,
            progress: None,
        };
        let inner = Inner {
            id: OperationId::next(),
            runtime,
            name: None,
            metadata: Metadata::new(),
            callbacks: Callbacks::default(),
            parent: None,
            follow: Vec::new(),
            token: OnceLock::new(),
            deadline: Deadline::never(),
            state: Mutex::new(state),
        };
        Operation {
            inner: Arc::new(inner),
        }
    }

    /// A new operation whose [parent](Operation::parent) is this one: cancelled with it at any
    /// time, limited by its deadlines while it runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let parent = Cancelable::new();
    /// let child = parent.child().name("part 1");
    /// parent.cancel();
    /// assert_eq!(child.context().reason(), Some(Reason::Parent));
    /// ```
    pub fn child(&self) -> Self {
        Operation::on(self.inner.runtime.clone()).parent(self)
    }
}

/// Setting it up, before it is cloned or run.
///
/// # Panics
///
/// Each of these panics if there is another handle of the operation already (a clone, a child, the
/// future of a run), or if it has run: set up first, then share.
impl<R> Operation<R> {
    #[track_caller]
    pub(super) fn set_up(mut self, change: impl FnOnce(&mut Inner<R>)) -> Self {
        change(self.exclusive());
        self
    }

    #[track_caller]
    fn exclusive(&mut self) -> &mut Inner<R> {
        let Some(inner) = Arc::get_mut(&mut self.inner) else {
            panic!("an operation has to be set up before it is cloned or run");
        };
        let state = inner.state.get_mut();
        let status = state.unwrap_or_else(PoisonError::into_inner).status;
        assert!(
            status == Status::Pending,
            "an operation has to be set up before it runs, and this one has run",
        );
        inner
    }

    /// As `set_up`, for what the token is made of.
    #[track_caller]
    fn link(mut self, change: impl FnOnce(&mut Inner<R>)) -> Self {
        let inner = self.exclusive();
        assert!(
            inner.token.get().is_none(),
            "an operation has to be linked before its token is used",
        );
        change(inner);
        self
    }

    /// Gives it a name, for logs. A `&'static str` is not copied.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name(format!("fetch {}", "example.org"));
    /// assert_eq!(op.context().name(), Some("fetch example.org"));
    /// ```
    #[track_caller]
    pub fn name(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set_up(|op| op.name = Some(name.into()))
    }

    /// Gives it a pair of strings to carry along. A value that the key had before is replaced.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().metadata("user", "ada");
    /// assert_eq!(op.context().metadata().get("user"), Some("ada"));
    /// ```
    #[track_caller]
    pub fn metadata(
        self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.set_up(|op| op.metadata.insert(key, value))
    }

    /// Limits the time from its start, as [`with_timeout`](Operation::with_timeout) does. Of
    /// several limits the earliest counts. From the start on it limits the children, too.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run. (For those that
    /// are shared there is [`set_timeout`](Operation::set_timeout).)
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).timeout(Duration::MAX);
    /// let run = op.run(async |cx| cx.sleep(Duration::MAX).await);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[track_caller]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set_up(|op| {
            let mut state = op.lock();
            state.timeout = state.timeout.min(timeout);
        })
    }

    /// Sets a deadline, as [`with_deadline`](Operation::with_deadline) does. Of several limits the
    /// earliest counts. It limits the children while this operation runs, and not before.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run. (For those that
    /// are shared there is [`set_deadline`](Operation::set_deadline).)
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let deadline = Std.now() + Duration::from_secs(5);
    /// let op = Cancelable::new().until(deadline).until(Duration::MAX);
    /// assert_eq!(op.deadline(), Some(deadline));
    /// ```
    #[track_caller]
    pub fn until(self, deadline: Duration) -> Self {
        self.set_up(|op| {
            let earliest = op.deadline.get().map_or(deadline, |set| set.min(deadline));
            op.deadline.set(Some(earliest));
        })
    }

    /// Has it cancelled with `token`, as [`with_token`](Operation::with_token) does. Several may be
    /// given: the first that is cancelled counts.
    ///
    /// The operation keeps a handle of it.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, if it has run, or if its own
    /// [`token`](Operation::token) has been asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable};
    ///
    /// let (user, shutdown) = (CancelToken::new(), CancelToken::new());
    /// let op = Cancelable::with_token(&user).follow(&shutdown);
    /// shutdown.cancel_with("SIGTERM");
    /// assert_eq!(op.context().message(), Some("SIGTERM"));
    /// assert!(!user.is_cancelled());
    /// ```
    #[track_caller]
    pub fn follow(self, token: &CancelToken) -> Self {
        self.link(|op| op.follow.push(token.clone()))
    }

    /// Makes it part of another operation: cancelled with that one, with
    /// [`Reason::Parent`](cancel_core::Reason::Parent), limited by its deadlines while it runs, and
    /// heard by its `on_progress`. A later call replaces the parent.
    ///
    /// A parent that has not been started, or has ended, does not limit the time.
    ///
    /// The parent notices nothing of how this operation ends, and does not wait for it.
    ///
    /// # Panics
    ///
    /// If there is another handle of this operation already, if it has run, or if its own
    /// [`token`](Operation::token) has been asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let job = Cancelable::new().name("job");
    /// let (one, two) = (Cancelable::new().parent(&job), Cancelable::new().parent(&job));
    /// one.cancel();
    /// assert!(!job.is_cancelled() && !two.is_cancelled());
    /// job.cancel_with("never mind");
    /// assert_eq!(two.context().message(), Some("never mind"));
    /// ```
    #[track_caller]
    pub fn parent(self, parent: &Operation<R>) -> Self {
        parent.token(); // so that making one never goes up further than this
        self.link(|op| op.parent = Some(parent.clone()))
    }
}

impl<R: Runtime + Default> Default for Operation<R> {
    fn default() -> Self {
        Operation::new()
    }
}
