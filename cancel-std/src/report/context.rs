//! What can be known about an operation: a snapshot.

use crate::basics::id::OperationId;
use crate::report::progress::{Metadata, Progress};
use crate::report::task_report::{TaskError, TaskReport};
use crate::report::undelivered::Undelivered;
use cancel_core::{Cancelled, Instant, Reason};
use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Whatever the operation has so far.
pub(crate) type Partial = Arc<dyn Any + Send + Sync>;

/// Where an operation is in its life.
///
/// ```text
/// pending ──first poll of run──> running ──┬──> completed   the body returned
///                                          ├──> cancelled   [reason() tells why]
///                                          └──> failed      the body returned an error (try_run), or panicked
/// ```
///
/// The last three are final. There is no status for timeouts: that is *cancelled*, and
/// [`Reason::Timeout`].
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Status};
///
/// let op = Cancelable::new().build();
/// assert_eq!(op.status(), Status::Pending);
/// smol::block_on(op.run(async |cx| assert_eq!(cx.operation().status(), Status::Running))).unwrap();
/// assert_eq!(op.status().to_string(), "completed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It has not been started. Its token may be cancelled already.
    Pending,
    /// Its body runs.
    Running,
    /// The body returned its value.
    Completed,
    /// It was cancelled, and the body dropped, or its `run` was dropped.
    Cancelled,
    /// The body returned an error while nobody had cancelled the operation, or it panicked.
    Failed,
}

impl Status {
    /// Whether this is the end of an operation.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Status;
    ///
    /// assert!(Status::Cancelled.is_final());
    /// assert!(!Status::Running.is_final());
    /// ```
    pub const fn is_final(self) -> bool {
        matches!(self, Status::Completed | Status::Cancelled | Status::Failed)
    }
}

/// In lower case.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Status::Pending => "pending",
            Status::Running => "running",
            Status::Completed => "completed",
            Status::Cancelled => "cancelled",
            Status::Failed => "failed",
        })
    }
}

/// What was known about an operation when [`Operation::context`](crate::Operation::context) was
/// called. It does not change any more.
///
/// All times are those of the operation's runtime: since the epoch of its clock, and monotonic. Dates are there
/// beside them: [`started_at`](Context::started_at).
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Reason, Status};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap").metadata("bed", "12").build();
/// smol::block_on(op.run(async |cx| cx.sleep(Duration::MAX).await)).unwrap_err();
///
/// let context = op.context();
/// assert_eq!(context.id(), op.id());
/// assert_eq!(context.name(), Some("nap"));
/// assert_eq!(context.status(), Status::Cancelled);
/// assert_eq!(context.reason(), Some(Reason::Timeout));
/// assert_eq!(context.metadata().get("bed"), Some("12"));
/// assert!(context.duration() >= Some(Duration::from_millis(5)));
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) id: OperationId,
    pub(crate) parent_id: Option<OperationId>,
    pub(crate) external_id: Option<Cow<'static, str>>,
    pub(crate) name: Option<Cow<'static, str>>,
    pub(crate) metadata: Metadata,
    pub(crate) status: Status,
    pub(crate) shielded: bool,
    pub(crate) started: Option<Instant>,
    pub(crate) requested: Option<Instant>,
    pub(crate) ended: Option<Instant>,
    /// That of the runtime's clock, since 1970.
    pub(crate) epoch: Option<Duration>,
    pub(crate) duration: Option<Duration>,
    pub(crate) remaining: Option<Duration>,
    pub(crate) cause: Option<Cancelled>,
    pub(crate) error: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) partial: Option<Partial>,
    pub(crate) undelivered: Undelivered,
    pub(crate) tasks: Option<Arc<TaskReport>>,
    pub(crate) callback_panics: u32,
    pub(crate) callbacks_cut_off: u32,
    pub(crate) cleanup_lost: bool,
}

impl Context {
    /// What tells the operation from all others.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().id(), op.id());
    /// ```
    pub fn id(&self) -> OperationId {
        self.id
    }

    /// The id that somebody else knows the operation by, given to
    /// [`external_id`](crate::Cancelable::external_id).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().external_id("order 17").build();
    /// assert_eq!(op.context().external_id(), Some("order 17"));
    /// ```
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }

    /// The id of the operation given to [`parent`](crate::Cancelable::parent).
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = cancel_std::Cancelable::new().build();
    /// assert_eq!(parent.child().build().context().parent_id(), Some(parent.id()));
    /// ```
    pub fn parent_id(&self) -> Option<OperationId> {
        self.parent_id
    }

    /// The name given to the operation.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().name("nap").build();
    /// assert_eq!(op.context().name(), Some("nap"));
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The pairs given to [`metadata`](crate::Cancelable::metadata).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().metadata("bed", "12").build();
    /// assert_eq!(op.context().metadata().get("bed"), Some("12"));
    /// ```
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Where the operation is in its life.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// assert_eq!(Cancelable::new().build().context().status(), Status::Pending);
    /// ```
    pub fn status(&self) -> Status {
        self.status
    }

    /// When it started: the first poll of `run`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.context().started(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().started().unwrap() <= Std.now());
    /// ```
    pub fn started(&self) -> Option<Instant> {
        self.started
    }

    /// When it ended.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// smol::block_on(op.run(async |cx| assert_eq!(cx.operation().context().ended(), None))).unwrap();
    /// assert!(op.context().ended() >= op.context().started());
    /// ```
    pub fn ended(&self) -> Option<Instant> {
        self.ended
    }

    /// When it was asked to end, if it was: when its run saw that.
    ///
    /// This and [`ended`](Context::ended) differ by what came in between: shields, a grace period, cleanups.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let run = op.run_finally(
    ///     async |cx| cx.sleep(Duration::MAX).await,
    ///     async |cx| cx.sleep(Duration::from_millis(20)).await,
    /// );
    /// smol::block_on(run).unwrap_err();
    /// let context = op.context();
    /// let cleanup = context.ended().unwrap() - context.requested().unwrap();
    /// assert!(cleanup >= Duration::from_millis(20));
    /// ```
    pub fn requested(&self) -> Option<Instant> {
        let seen = self.requested;
        seen.or_else(|| self.cause.as_ref().and(self.ended))
    }

    /// [`started`](Context::started) as a date, for logs and for people.
    ///
    /// `None` also where the runtime has no wall clock: see
    /// [`Timer::unix_time_of_epoch`](cancel_core::Timer::unix_time_of_epoch). That is asked once for all;
    /// so dates keep their order and their distances if somebody sets the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.context().started_at(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().started_at().unwrap() > SystemTime::UNIX_EPOCH);
    /// ```
    pub fn started_at(&self) -> Option<SystemTime> {
        self.date(self.started)
    }

    /// [`requested`](Context::requested) as a date, as [`started_at`](Context::started_at).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// smol::block_on(op.run(async |cx| cx.cancel())).unwrap();
    /// assert!(op.context().requested_at() >= op.context().started_at());
    /// ```
    pub fn requested_at(&self) -> Option<SystemTime> {
        self.date(self.requested())
    }

    /// [`ended`](Context::ended) as a date, as [`started_at`](Context::started_at).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().ended_at(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().ended_at() >= op.context().started_at());
    /// ```
    pub fn ended_at(&self) -> Option<SystemTime> {
        self.date(self.ended)
    }

    fn date(&self, at: Option<Instant>) -> Option<SystemTime> {
        let since_1970 = self.epoch?.checked_add(at?.since_epoch())?;
        SystemTime::UNIX_EPOCH.checked_add(since_1970)
    }

    /// How long it took, or has been running so far; `None` before the start.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().duration(), None);
    /// smol::block_on(op.run(async |cx| assert!(cx.operation().context().duration().is_some()))).unwrap();
    /// println!("took {:?}", op.context().duration().unwrap());
    /// ```
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// How long it was until the effective deadline when this snapshot was made: see
    /// [`Operation::remaining`](crate::Operation::remaining). `None` if there is none, and after the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(60)).build();
    /// let run = op.run(async |cx| {
    ///     let part = cx.child().build(); // has no more time than its parent
    ///     assert!(part.context().remaining().unwrap() <= Duration::from_secs(60));
    /// });
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.context().remaining(), None);
    /// ```
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining
    }

    /// Why it is cancelled, as a code. The rest is that of [`cause`](Context::cause).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Reason;
    ///
    /// let op = cancel_std::Cancelable::new().build();
    /// op.cancel_with(Reason::Shutdown);
    /// assert_eq!(op.context().reason(), Some(Reason::Shutdown));
    /// ```
    pub fn reason(&self) -> Option<Reason> {
        self.cause.as_ref().map(Cancelled::reason)
    }

    /// Why cancelation was asked for, from the moment when that happened, whatever the status.
    ///
    /// If the body returned a value nevertheless (because it was being polled at that moment), the
    /// status is *completed*, and the cause is here. What comes after the end does not get here.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     cx.cancel_with("enough");
    ///     assert_eq!(cx.operation().context().message(), Some("enough"));
    /// });
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.status(), Status::Completed);
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn cause(&self) -> Option<&Cancelled> {
        self.cause.as_ref()
    }

    /// The message of the cause.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.cancel_with("enough");
    /// assert_eq!(op.context().message(), Some("enough"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.cause.as_ref()?.message()
    }

    /// The text of the error that the body returned ([`try_run`](crate::Cancelable::try_run)), or of
    /// its panic.
    ///
    /// Of *failed* operations, and of *cancelled* ones whose body returned an error nevertheless:
    /// often just the cancelation, handed on by `?`. If there is no such error: the first thing that
    /// went wrong beside the body, such as a check of a [condition](crate::Condition) that panicked or
    /// a cleanup that took too long.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no such file".into()));
    /// smol::block_on(run).unwrap_err();
    /// assert_eq!(op.context().error(), Some("no such file"));
    /// ```
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The operation's latest progress report.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// op.within(|cx| cx.progress(1, 2));
    /// assert_eq!(op.context().progress().unwrap().to_string(), "1/2");
    /// ```
    pub fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// How many steps are done per second, on average since the start, if numbers were reported.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.context().progress_rate(), None);
    /// smol::block_on(op.run(async |cx| cx.progress(3, 4))).unwrap();
    /// assert!(op.context().progress_rate().unwrap() > 0.0);
    /// ```
    pub fn progress_rate(&self) -> Option<f64> {
        let current = self.progress.as_ref()?.current()?;
        let seconds = self.duration?.as_secs_f64();
        (seconds > 0.0).then(|| current as f64 / seconds)
    }

    /// The latest [partial result](crate::Cx::set_partial_result), if there is one of this type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// op.within(|cx| cx.set_partial_result(vec!["row 1", "row 2"]));
    /// assert_eq!(op.context().partial_result::<Vec<&str>>().unwrap().len(), 2);
    /// ```
    pub fn partial_result<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.partial.as_ref()?.downcast_ref()
    }

    /// The items of this type that [chunked streams](crate::OperationStream::chunks) of the operation had
    /// taken from their sources, and had not handed out when they were dropped.
    ///
    /// It is the last of them: the chunk that was dropped last, whole, and those before it as long as
    /// all of them together are no more than 1024 items. The oldest go first, and are
    /// [counted](Context::undelivered_dropped).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let run = op.run(async |cx| {
    ///     let source = stream::iter(["a", "b"]).chain(stream::pending());
    ///     cx.stream(source).chunks(100).next().await
    /// });
    /// smol::block_on(run).unwrap_err();
    /// let context = op.context();
    /// assert_eq!(context.undelivered::<&str>().collect::<Vec<_>>(), [&"a", &"b"]);
    /// ```
    pub fn undelivered<T: Send + Sync + 'static>(&self) -> impl Iterator<Item = &T> {
        self.undelivered.of()
    }

    /// How many undelivered items are not [kept](Context::undelivered) any more, because others came
    /// after them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     for _chunk in 0..20 {
    ///         let source = stream::repeat(5).take(100).chain(stream::pending());
    ///         let mut chunks = cx.stream(source).chunks(1000);
    ///         smol::future::poll_once(chunks.next()).await; // takes 100 of 1000 items
    ///     }
    /// });
    /// smol::block_on(run).unwrap();
    /// let context = op.context();
    /// assert_eq!(context.undelivered::<i32>().count(), 1000);
    /// assert_eq!(context.undelivered_dropped(), 1000);
    /// ```
    pub fn undelivered_dropped(&self) -> u64 {
        self.undelivered.dropped()
    }

    /// Whether the body is kept from being dropped just now: by a shield of its own, or by an
    /// operation inside it that is at its end or has something to do there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run(async |cx| {
    ///     assert!(cx.shield(async |cx| cx.operation().context().shielded()).await);
    /// });
    /// smol::block_on(run).unwrap();
    /// assert!(!op.context().shielded());
    /// ```
    pub fn shielded(&self) -> bool {
        self.shielded
    }

    /// How many calls of the operation's callbacks, and of the predicates of its
    /// [conditions](crate::Condition), have panicked; also a clock that is asked for the moment of the
    /// end. Such panics end there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().on_start(|_| panic!("does no harm")).build();
    /// smol::block_on(op.run(async |_| 5)).unwrap();
    /// assert_eq!(op.context().callback_panics(), 1);
    /// ```
    pub fn callback_panics(&self) -> u32 {
        self.callback_panics
    }

    /// How many calls of the operation's asynchronous callbacks were cut off, or never made: by its
    /// [limit](crate::Cancelable::callback_limit), by [`force`](crate::Operation::force), or by the
    /// cancelation of an operation whose start callbacks were under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::future::pending;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new()
    ///     .on_complete_async(|_| pending()) // a server that does not answer any more
    ///     .callback_limit(Duration::from_millis(5))
    ///     .build();
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// assert_eq!(op.context().callbacks_cut_off(), 1);
    /// ```
    pub fn callbacks_cut_off(&self) -> u32 {
        self.callbacks_cut_off
    }

    /// Returns whether the operation had a cleanup that did not run to its end, because the run was
    /// dropped: by a foreign `select!` or `timeout`, say, or with the body of an operation around it
    /// that nobody polls.
    ///
    /// A warning is logged when that happens.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::future::pending;
    ///
    /// let op = Cancelable::new().finally(|_| async {}).build();
    /// let run = op.run(async |_| pending::<()>().await);
    /// smol::block_on(smol::future::or(async { drop(run.await) }, async {})); // drops the run
    /// assert!(op.context().cleanup_lost());
    /// ```
    pub fn cleanup_lost(&self) -> bool {
        self.cleanup_lost
    }

    /// How many tasks of a [group](crate::Cancelable::run_group) were cut off because the group was
    /// cancelled: they had not returned when the [grace period](crate::Cancelable::grace) was over (or at
    /// once, without one), or had not begun. Zero for every other operation. If the run of the group was
    /// dropped, this counts on until the last task has ended.
    ///
    /// # Examples
    ///
    /// A server that is stopped, with one connection that can end in time, and one that cannot:
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(20)).grace(Duration::from_millis(20)).build();
    /// let run = op.run_group(async |group| {
    ///     group.spawn(|cx| async move { drop(cx.cancelled().await) });
    ///     group.spawn(|cx| async move { cx.sleep(Duration::MAX).await });
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// assert_eq!(op.context().cut_off(), 1);
    /// ```
    pub fn cut_off(&self) -> usize {
        self.tasks.as_ref().map_or(0, |tasks| tasks.cut_off)
    }

    /// The errors of the tasks of a [group](crate::Cancelable::run_group), and of its body, in the order in
    /// which they came: the first 64. Empty for every other operation.
    ///
    /// Those of tasks that only say that the group was cancelled are not among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().each_for_itself().build();
    /// let run = op.run_group(async |group| {
    ///     for n in 1..=100 {
    ///         group.spawn(move |_| async move { Err::<(), _>(format!("part {n} is missing")) });
    ///     }
    /// });
    /// smol::block_on(run).unwrap();
    /// let context = op.context();
    /// assert_eq!((context.task_errors().len(), context.task_error_count()), (64, 100));
    /// ```
    pub fn task_errors(&self) -> &[TaskError] {
        self.tasks.as_ref().map_or(&[], |tasks| &tasks.errors)
    }

    /// How many errors there were, with those that [`task_errors`](Context::task_errors) does not keep.
    ///
    /// # Examples
    ///
    /// See [`task_errors`](Context::task_errors).
    pub fn task_error_count(&self) -> u64 {
        self.tasks.as_ref().map_or(0, |tasks| tasks.count)
    }
}
