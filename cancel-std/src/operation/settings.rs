//! The settings of an operation: name, limits, cleanup.

use super::Runtime;
use super::base::{AtEnd, Cancelable, Cx};
use crate::report::callbacks::Work;
use cancel_core::{Cause, IntoDeadline, Reason};
use std::borrow::Cow;
use std::future::Future;
use std::time::Duration;

/// Settings.
impl<R> Cancelable<R> {
    /// Gives it a name, for logs. A `&'static str` is not copied.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name(format!("fetch {}", "example.org")).build();
    /// assert_eq!(op.context().name(), Some("fetch example.org"));
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives it the id that somebody else knows it by: of a request, an order, a row in a table. It need not be
    /// unique; what tells the operation from all others is its [`id`](crate::Operation::id).
    ///
    /// A registry finds it by [`Filter::external_id`](crate::Filter::external_id).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Filter, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().external_id("order 17").register(&registry).build();
    /// let order = Filter::new().external_id("order 17");
    /// assert_eq!(registry.cancel_where(&order, "withdrawn"), 1);
    /// assert_eq!(op.context().message(), Some("withdrawn"));
    /// ```
    #[doc(alias = "operation_id")]
    pub fn external_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.rest().external_id = Some(id.into());
        self
    }

    /// Gives it a pair of strings to carry along. A value that the key had before is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().metadata("user", "ada").build();
    /// assert_eq!(op.context().metadata().get("user"), Some("ada"));
    /// ```
    pub fn metadata(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.rest().metadata.insert(key, value);
        self
    }

    /// Limits the time from its start, as [`with_timeout`](Cancelable::with_timeout) does. Of
    /// several limits the earliest counts. From the start on it limits the children, too.
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
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if timeout < self.timeout {
            self.timeout = timeout;
            if let Some(rest) = &mut self.rest {
                rest.timeout_cause = None;
            }
        }
        self
    }

    /// Limits the time from its start, as [`timeout`](Cancelable::timeout) does, and says what it means that this
    /// time is over: a message, an error, or both. The reason stays [`Reason::Timeout`], whatever the cause says.
    /// (The idea of Go's `context.WithTimeoutCause`.)
    ///
    /// The cause belongs to this timeout: if another limit ends the operation, it is not told. It stays if
    /// [`set_timeout`](crate::Operation::set_timeout) moves the timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let limit = Duration::from_millis(5);
    /// let op = Cancelable::new().name("login").timeout_with(limit, "the server does not answer");
    /// let cancelled = smol::block_on(op.run(async |cx| cx.sleep(Duration::MAX).await)).unwrap_err();
    /// assert_eq!(cancelled.reason(), Reason::Timeout);
    /// assert_eq!(
    ///     cancelled.to_string(),
    ///     "cancelled: timeout of 5ms of \"login\": the server does not answer",
    /// );
    /// ```
    #[doc(alias = "WithTimeoutCause")]
    pub fn timeout_with(mut self, timeout: Duration, cause: impl Into<Cause>) -> Self {
        let is_earlier = timeout < self.timeout;
        self = self.timeout(timeout);
        if is_earlier {
            let cause = cause.into().with_reason(Reason::Timeout);
            self.rest().timeout_cause = Some(cause);
        }
        self
    }

    /// Sets a deadline, as [`with_deadline`](Cancelable::with_deadline) does. Of several limits the
    /// earliest counts, so `None` changes nothing. It limits the children while this operation runs, and not before.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let deadline = Std.now() + Duration::from_secs(5);
    /// let op = Cancelable::new().deadline(deadline).deadline(None).build();
    /// assert_eq!(op.deadline(), Some(deadline));
    /// ```
    pub fn deadline(mut self, deadline: impl IntoDeadline<R>) -> Self {
        let earlier = [self.deadline, deadline.into_deadline()];
        self.deadline = earlier.into_iter().flatten().min();
        self
    }

    /// Lets the body go on for `grace` after the cancelation, so that it can come to a good end: it
    /// sees [`cancelled`](Cx::cancelled) and [`check`](Cx::check), and what it returns
    /// counts. Then, or at a second request, it is dropped. A second request is a second source that fires, a
    /// cancel of a parent that comes when the grace period has begun, [`force`](crate::Operation::force), or
    /// a second request to an operation above. It ends the grace periods of all operations below, too.
    /// One signal that is heard by this operation and by one above is one request.
    ///
    /// Zero, the default, is no grace. A body that has not begun gets none. Shields count in
    /// addition: what is shielded at the end of the grace period still runs to its end.
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
    pub fn grace(mut self, grace: Duration) -> Self {
        let rest = self.rest();
        rest.grace = grace;
        rest.group.has_own_grace();
        self
    }

    /// Runs `cleanup` after the body, whatever the outcome: completion, failure, panic, cancelation,
    /// also before the body began. It is awaited in full, and not cancelled with the operation. Several run
    /// one after the other, in the order in which they were given.
    ///
    /// It gets a [`Cx`] of its own, as work in a [shield](Cx::shield) does, and is ordinary work: checks,
    /// children with timeouts, threads, groups and streams work as anywhere. Why the operation was cancelled
    /// is in its [context](crate::Operation::context): `cx.operation().context()`. If the token of the cleanup
    /// itself is cancelled, or its timer fails, it is dropped, and the [context's error](crate::Context::error)
    /// says so.
    ///
    /// It does not run if the run is dropped, which the context [tells](crate::Context::cleanup_lost), or if
    /// there is none. For a cleanup that borrows from its
    /// surroundings there is [`run_finally`](Cancelable::run_finally).
    ///
    /// If it panics, the others still run, the operation has *failed*, and the panic goes on from
    /// there.
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
    /// }).build();
    /// let run = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
    /// assert!(smol::block_on(run).is_err());
    /// assert_eq!(op.context().progress().unwrap().message(), "closed");
    /// ```
    pub fn finally<W>(self, cleanup: impl FnOnce(Cx<R>) -> W + Send + 'static) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.finally_in(Duration::MAX, cleanup)
    }
}

impl<R: Runtime> Cancelable<R> {
    /// As [`finally`](Cancelable::finally), but drops the cleanup if it takes longer than `limit`, so
    /// that a shutdown cannot hang. The limit is the deadline of its `Cx`, which limits its children, too. Zero
    /// polls it once; [`Duration::MAX`] is no limit. The [context's error](crate::Context::error) says so then, if
    /// there is no other.
    ///
    /// # Panics
    ///
    /// As [`finally`](Cancelable::finally).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().finally_within(Duration::from_millis(5), |_| async {
    ///     std::future::pending::<()>().await; // a server that does not answer any more
    /// }).build();
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// assert_eq!(op.context().error(), Some("cleanup did not end within 5ms"));
    /// ```
    pub fn finally_within<W>(
        self,
        limit: Duration,
        cleanup: impl FnOnce(Cx<R>) -> W + Send + 'static,
    ) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        self.finally_in(limit, cleanup)
    }
}

impl<R> Cancelable<R> {
    fn finally_in<W>(
        mut self,
        limit: Duration,
        cleanup: impl FnOnce(Cx<R>) -> W + Send + 'static,
    ) -> Self
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let work = move |cx| -> Work { Box::pin(cleanup(cx)) };
        self.pending().cleanups.push(AtEnd {
            limit,
            work: Box::new(work),
        });
        self
    }
}
