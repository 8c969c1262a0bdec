//! What an operation has come to: its progress, its results, and what went wrong beside its body.

use crate::report::context::Context;
use crate::report::progress::Progress;
use crate::report::task_report::TaskError;

/// Progress, results, losses.
impl Context {
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
    /// use std::task::Poll;
    ///
    /// let op = Cancelable::new().build();
    /// let handle = op.clone();
    /// let run = op.run(async |cx| {
    ///     // Two items, and somebody cancels the operation while the third is waited for.
    ///     let third = stream::poll_fn(move |_| {
    ///         handle.cancel();
    ///         Poll::Pending
    ///     });
    ///     let source = stream::iter(["a", "b"]).chain(third);
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
    /// let op = Cancelable::with_timeout(Duration::from_millis(20)).grace(Duration::from_millis(300)).build();
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
