//! How an operation is made and set up.

use super::{Inner, Operation, Runtime, Setup, State};
use crate::bell::Bell;
use crate::callbacks::Callbacks;
use crate::context::Status;
use crate::deadline::Deadline;
use crate::id::OperationId;
use crate::registry::Memberships;
use crate::trace::Trace;
use cancel_core::layer::Holds;
use cancel_core::{CancelToken, IntoDeadline};
use std::borrow::Cow;
use std::future::Future;
use std::sync::atomic::AtomicBool;
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
        Self::limited(R::default(), timeout)
    }

    /// Creates an operation that is cancelled with [`Reason::Timeout`](cancel_core::Reason::Timeout) when
    /// the clock of its runtime reaches `deadline`: an [`Instant`](cancel_core::Instant), or where the clock
    /// is the platform's, its own moment, such as a `std::time::Instant`. `None` is no deadline.
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
    pub fn with_deadline(deadline: impl IntoDeadline<R>) -> Self {
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
        Self::limited(runtime, Duration::MAX)
    }

    fn limited(runtime: R, timeout: Duration) -> Self {
        let state = State {
            status: Status::Pending,
            timeout,
            started: None,
            ended: None,
            cause: None,
            details: None,
            pending: None,
            combined: false,
            registries: Memberships::default(),
        };
        let id = OperationId::next();
        let inner = Inner {
            id,
            runtime,
            setup: Setup {
                name: None,
                parent: None,
                callbacks: Callbacks::new(id),
                rest: None,
            },
            token: OnceLock::new(),
            deadline: Deadline::never(),
            bell: Bell::new(),
            trace: Trace::default(),
            holds: Holds::new(),
            forced: AtomicBool::new(false),
            state: Mutex::new(state),
        };
        Operation {
            inner: Arc::new(inner),
        }
    }
}

/// Setting it up, before it is cloned or run.
///
/// # Panics
///
/// Each of these panics if there is another handle of the operation already (a clone, a child, the
/// future of a run, an entry in a [registry](Operation::register)), or if it has run: set up first,
/// then share.
impl<R> Operation<R> {
    #[track_caller]
    pub(super) fn set_up(mut self, change: impl FnOnce(&mut Setup<R>)) -> Self {
        change(&mut self.exclusive().setup);
        self
    }

    /// For what changes on the way.
    #[track_caller]
    pub(super) fn limit_by(mut self, change: impl FnOnce(&mut State<R>, &Deadline)) -> Self {
        let inner = self.exclusive();
        let state = inner.state.get_mut();
        change(
            state.unwrap_or_else(PoisonError::into_inner),
            &inner.deadline,
        );
        self
    }

    #[track_caller]
    fn exclusive(&mut self) -> &mut Inner<R> {
        let Some(inner) = Arc::get_mut(&mut self.inner) else {
            panic!("an operation has to be set up before it is cloned, registered or run");
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
    pub(super) fn link(mut self, change: impl FnOnce(&mut Setup<R>)) -> Self {
        let inner = self.exclusive();
        assert!(
            inner.token.get().is_none(),
            "an operation has to be linked before its token is used",
        );
        change(&mut inner.setup);
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
        self.set_up(|setup| setup.name = Some(name.into()))
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
        self.set_up(|setup| setup.rest().metadata.insert(key, value))
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
        self.limit_by(|state, _| state.timeout = state.timeout.min(timeout))
    }

    /// Sets a deadline, as [`with_deadline`](Operation::with_deadline) does. Of several limits the
    /// earliest counts, so `None` changes nothing. It limits the children while this operation runs, and not before.
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
    /// let op = Cancelable::new().until(deadline).until(None);
    /// assert_eq!(op.deadline(), Some(deadline));
    /// ```
    #[track_caller]
    pub fn until(self, deadline: impl IntoDeadline<R>) -> Self {
        let deadline = deadline.into_deadline();
        self.limit_by(|_, own| own.tighten(deadline))
    }

    /// Lets the body go on for `grace` after the cancelation, so that it can come to a good end: it
    /// sees [`cancelled`](Operation::cancelled) and [`check`](Operation::check), and what it returns
    /// counts. Then, or when a second source fires, or by [`force`](Operation::force), it is dropped.
    ///
    /// Zero, the default, is no grace. A body that has not begun gets none. Shields count in
    /// addition: what is shielded at the end of the grace period still runs to its end.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).grace(Duration::from_secs(5));
    /// let run = op.run(async |cx| {
    ///     let cancelled = cx.cancelled().await;
    ///     format!("stored 7 of 9, {}", cancelled.reason())
    /// });
    /// assert_eq!(smol::block_on(run).unwrap(), "stored 7 of 9, timeout");
    /// ```
    #[track_caller]
    pub fn grace(self, grace: Duration) -> Self {
        self.set_up(|setup| setup.rest().grace = grace)
    }

    /// Runs `cleanup` after the body, whatever the outcome: completion, failure, panic, cancelation,
    /// also before the body began. It is awaited in full, and cannot be cancelled. Several run one
    /// after the other, in the order in which they were given.
    ///
    /// It does not run if the run is dropped, or if there is none. For a cleanup that borrows from its
    /// surroundings there is [`run_finally`](Operation::run_finally).
    ///
    /// If it panics, the others still run, the operation has *failed*, and the panic goes on from
    /// there.
    ///
    /// # Panics
    ///
    /// If there is another handle of the operation already, or if it has run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).finally(|cx| async move {
    ///     cx.sleep(Duration::from_millis(5)).await; // close the connections
    ///     cx.report_progress("closed");
    /// });
    /// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
    /// assert!(smol::block_on(run).is_err());
    /// assert_eq!(op.context().progress().unwrap().message(), "closed");
    /// ```
    #[track_caller]
    pub fn finally<W>(self, cleanup: impl FnOnce(Operation<R>) -> W + Send + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.limit_by(|state, _| {
            let cleanup = move |op| -> super::Work { Box::pin(cleanup(op)) };
            state.pending().cleanups.push(Box::new(cleanup));
        })
    }
}

impl<R: Runtime> Operation<R> {
    /// As [`finally`](Operation::finally), but drops the cleanup if it takes longer than `limit`, so
    /// that a shutdown cannot hang. The [context's error](crate::Context::error) says so then, if
    /// there is no other.
    ///
    /// # Panics
    ///
    /// As [`finally`](Operation::finally).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().finally_within(Duration::from_millis(5), |_| async {
    ///     std::future::pending::<()>().await; // a server that does not answer any more
    /// });
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// assert_eq!(op.context().error(), Some("cleanup did not end within 5ms"));
    /// ```
    #[track_caller]
    pub fn finally_within<W>(
        self,
        limit: Duration,
        cleanup: impl FnOnce(Operation<R>) -> W + Send + 'static,
    ) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.finally(move |op: Operation<R>| async move {
            let work = cleanup(op.clone());
            let sleep = op.runtime().sleep(limit);
            if crate::timeout::within(work, sleep).await.is_none() {
                let mut state = op.inner.lock();
                let error = &mut state.details().error;
                error.get_or_insert_with(|| format!("cleanup did not end within {limit:?}"));
            }
        })
    }
}

impl<R: Runtime + Default> Default for Operation<R> {
    fn default() -> Self {
        Operation::new()
    }
}
