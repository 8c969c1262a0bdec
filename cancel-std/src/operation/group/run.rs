//! What runs a group.

use super::TaskGroup;
use super::runner::{infallible, run};
use crate::operation::Runtime;
use crate::operation::base::{Cancelable, Cx, Operation};
use cancel_core::Cancelled;
use std::fmt::Display;
use std::future::Future;

impl<R: Runtime> Cancelable<R> {
    /// Runs a body that spawns tasks, and waits for all of them.
    ///
    /// The body gets a [`TaskGroup`]. When it has returned, the group goes on until its last task is over.
    /// The first failure of a task cancels this operation with
    /// [`Reason::Error`](cancel_core::Reason::Error) and the text of the failure: the body is dropped, all
    /// other tasks are cancelled, and the group waits for them, including their cleanup.
    /// The same goes for every other cancelation of this operation.
    /// ([`each_for_itself`](Cancelable::each_for_itself) makes a group that a failure does not cancel.)
    ///
    /// So when this returns, nothing of the group runs any more: neither its body nor a task, nor a closure of
    /// [`run_in_thread`](Cx::run_in_thread) that one of them has started, here or in an operation below.
    /// A closure cannot be dropped, so the group waits for one that does not [`check`](Cx::check), until it
    /// is [forced](Operation::force). Not waited for are [detached](Cx::detached) operations, and a predicate of
    /// a [condition](crate::Condition) that is at work.
    ///
    /// For a group inside a body use a [`child`](Cx::child), which the body around it then waits for in
    /// any case.
    ///
    /// Everything else is as in [`run`](Cancelable::run): timeout and other sources of this operation
    /// limit the whole group, callbacks and [`finally`](Cancelable::finally) come when all tasks are
    /// over. If a task has failed, the status is *failed*.
    ///
    /// # Grace
    ///
    /// The [grace period](Cancelable::grace) of a group is for its tasks. When the group is cancelled, the
    /// body is dropped at once (when its [shields](Cx::shield) are over), so a server stops accepting. The
    /// tasks that have begun see [`cancelled`](Cx::cancelled), and go on until they return or the period is
    /// over. A second request ends it. Without a grace period they are dropped at once, too.
    ///
    /// # Returns
    ///
    /// The body's value, if all of the group came to its own end: the body has returned, no task has
    /// failed, and if the group was cancelled, all tasks have returned a value nevertheless. Whether the
    /// body returned before or after the cancelation does not matter. Otherwise it is an error:
    ///
    /// | the group was cancelled, and the body | the tasks | result | status | [`cut_off`](crate::Context::cut_off) |
    /// |---|---|---|---|---|
    /// | had returned | have all returned a value | `Ok` | *completed* | 0 |
    /// | had returned | *n* were dropped | `Err(Cancelled)` | *cancelled* | *n* |
    /// | had returned | one has returned an error | `Err(Cancelled)` | *cancelled* | 0 |
    /// | was dropped | have all returned | `Err(Cancelled)` | *cancelled* | 0 |
    /// | was dropped | *n* were dropped | `Err(Cancelled)` | *cancelled* | *n* |
    /// | either | one has failed first | that failure | *failed* | of the others |
    ///
    /// So after `Ok` there is nothing that was not done, and `cut_off` tells a server that has drained from one
    /// that has not.
    ///
    /// # Errors
    ///
    /// [`Cancelled`]: why the first task failed (with its own reason, *timeout* say, or with
    /// [`Reason::Error`](cancel_core::Reason::Error), and its error as the [source](std::error::Error::source)),
    /// or why the group was cancelled.
    /// All errors of tasks are in the [context](crate::Context::task_errors).
    ///
    /// # Panics
    ///
    /// If the body or a task panics: with the first of these panics, when all tasks are over. Otherwise
    /// as `run`.
    ///
    /// # An executor that does not run its tasks
    ///
    /// A task that has not begun when the group is cancelled and its grace period is over is taken back
    /// from the executor, and ended by the group. So a timeout ends a group also if nobody runs its
    /// executor. A task that has begun is waited for. If its executor drops it, the group is told. If the
    /// executor keeps it and never polls it again, nothing can end it, and the group waits for ever: drop
    /// the future of the group to leave it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the body and all tasks, and waits for nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().name("all of it").build();
    /// let run = op.run_group(async |group| {
    ///     group.spawn(|cx| async move { cx.sleep(Duration::from_secs(3600)).await });
    ///     let hasty = group.child().name("hasty").timeout(Duration::from_millis(5));
    ///     group.spawn_as(hasty, |cx| async move { cx.sleep(Duration::MAX).await });
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// assert_eq!(op.context().error(), Some("hasty: cancelled: timeout of 5ms of \"hasty\""));
    /// ```
    #[doc(alias = "task_group")]
    #[doc(alias = "TaskTracker")]
    #[doc(alias = "nursery")]
    pub fn run_group<T, F>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: AsyncFnOnce(TaskGroup<R>) -> T,
    {
        infallible(TaskGroup::new(Cx::new(self.build())), body)
    }

    /// [`run_group`](Cancelable::run_group) with your own error type, which takes cancelations,
    /// too.
    ///
    /// # Errors
    ///
    /// That of the body or of the task that failed first, or a [`Cancelled`] as in `run_group`, converted.
    /// A task's error of the type `E` is returned as it is, and if `E` is `Box<dyn Error>` or
    /// `Box<dyn Error + Send + Sync>`, every error is boxed. An error of any other type is the
    /// [source](std::error::Error::source) of a `Cancelled` with
    /// [`Reason::Error`](cancel_core::Reason::Error).
    ///
    /// # Panics
    ///
    /// As [`run_group`](Cancelable::run_group).
    ///
    /// # Cancel safety
    ///
    /// As [`run_group`](Cancelable::run_group).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    /// use std::error::Error;
    /// use std::time::Duration;
    ///
    /// type AnyError = Box<dyn Error + Send + Sync>;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run_group(async |group| -> Result<(), AnyError> {
    ///     group.spawn(|cx| async move { cx.sleep(Duration::from_secs(3600)).await });
    ///     group.spawn(|_| async { "no number".parse::<u32>() });
    ///     Ok(())
    /// });
    /// assert!(smol::block_on(run).unwrap_err().is::<std::num::ParseIntError>());
    /// assert_eq!(op.status(), Status::Failed);
    /// ```
    pub fn try_run_group<T, E, F>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: AsyncFnOnce(TaskGroup<R>) -> Result<T, E>,
    {
        run(TaskGroup::new(Cx::new(self.build())), body)
    }
}

impl<R: Runtime> Operation<R> {
    /// Runs a body that spawns tasks, and waits for all of them: as [`Cancelable::run_group`], once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::run_group`], and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_group`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_group`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run_group(async |group| group.spawn(|_| async { 5 }).await);
    /// assert_eq!(smol::block_on(run), Ok(Ok(5)));
    /// assert_eq!(op.status(), Status::Completed);
    /// ```
    pub fn run_group<T, F>(
        &self,
        body: F,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: AsyncFnOnce(TaskGroup<R>) -> T,
    {
        infallible(TaskGroup::new(Cx::new(self.clone())), body)
    }

    /// Runs a group with your own error type: as [`Cancelable::try_run_group`], once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::try_run_group`], and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_group`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_group`].
    ///
    /// # Examples
    ///
    /// The group, too, can run in a task:
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::error::Error;
    ///
    /// let op = Cancelable::new().build();
    /// let task = smol::spawn(async move {
    ///     op.try_run_group(async |group| -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///         let five = group.spawn(|_| async { 5 });
    ///         Ok(five.await?)
    ///     })
    ///     .await
    /// });
    /// assert_eq!(smol::block_on(task).unwrap(), 5);
    /// ```
    pub fn try_run_group<T, E, F>(
        &self,
        body: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: AsyncFnOnce(TaskGroup<R>) -> Result<T, E>,
    {
        run(TaskGroup::new(Cx::new(self.clone())), body)
    }
}
