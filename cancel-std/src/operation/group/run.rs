//! Running a group: its body, and then the wait for its tasks.
//!
//! The group is the operation: its runner is the ordinary one (`drive`). The body that it runs is the user's
//! and, after that, a wait until all tasks are over. If the group is cancelled, the user's body is dropped
//! at once, and the wait has the grace period. What is left then is waited for by the cleanup, which holds
//! what is around.

use super::TaskGroup;
use super::failure::is_cancelation;
use super::shared::TaskFuture;
use super::threads::OwnGroup;
use crate::callbacks::CatchUnwind;
use crate::context::Status;
use crate::operation::drive::{Outcome, drive};
use crate::operation::run::erred;
use crate::operation::{Cancelable, Cx, Operation, Runtime};
use crate::panics::{Payload, describe, forget};
use cancel_core::{CancelToken, Cancelled, Cause, Reason, Token, WaitForCancel};
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

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
    /// So when this returns, nothing of the group runs any more. For a group inside a body use a
    /// [`child`](Cx::child), which the body around it then waits for in any case.
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

fn infallible<R, T, F>(
    group: TaskGroup<R>,
    body: F,
) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
where
    R: Runtime,
    F: AsyncFnOnce(TaskGroup<R>) -> T,
{
    run(
        group,
        async move |group: TaskGroup<R>| Ok(body(group).await),
    )
}

/// (The group that the body gets does not name `E`. With `E` in the arguments of a closure, the compiler
/// cannot see that a future which awaits this one is `Send`, if `E` is a `Box<dyn Error>`.)
async fn run<R, T, E, F>(group: TaskGroup<R>, body: F) -> Result<T, E>
where
    R: Runtime,
    E: From<Cancelled> + Display + 'static,
    F: AsyncFnOnce(TaskGroup<R>) -> Result<T, E>,
{
    let shared = &*group.shared;
    group.is_of_its_operation();
    // Outside of the body of the runner, which is dropped if tasks are left at the end of the grace period.
    let returned: Mutex<Option<Result<T, E>>> = Mutex::new(None);
    let all = async |_: &Cx<R>| {
        // With the text of its error, whose panic is one of the body, too.
        let future = async {
            let result = body(group.clone()).await;
            result.map_err(|error| (error.to_string(), error))
        };
        let future = pin!(Some(CatchUnwind { future }));
        let body = UntilCancelled {
            op: group.operation(),
            body: future,
        };
        let result = match body.await {
            None => None,
            Some(Ok(Ok(value))) => Some(Ok(value)),
            Some(Ok(Err((text, error)))) => {
                group.body_failed(&error, text);
                Some(Err(error))
            }
            Some(Err(payload)) => {
                let text = describe(&*payload);
                let cause = Cause::new(Reason::Error).with_message(text.clone());
                group.panicked(payload, cause, text);
                None
            }
        };
        *returned.lock().unwrap_or_else(PoisonError::into_inner) = result;
        poll_fn(|cx| shared.poll_empty(cx, false)).await;
    };
    let cleanup = async |_: &Cx<R>| {
        group.ensure_cancelled();
        let mut end = End::default();
        poll_fn(|cx| group.poll_end(&mut end, cx)).await;
    };
    let outcome = |_: Result<&(), &Cancelled>, token: &Token| {
        if let Some(text) = shared.text() {
            return Outcome::Failed(text);
        }
        match &*returned.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Err(error)) => erred(error, token),
            Some(Ok(_)) if !token.is_cancelled() || shared.unfinished() == 0 => Outcome::Completed,
            _ => Outcome::Cancelled(None),
        }
    };
    let ctx = group.cx().clone();
    let result = drive(ctx, all, Some(cleanup), outcome, |result| result).await;
    if let Some(payload) = shared.take_panic() {
        resume_unwind(payload);
    }
    if let Some(failure) = shared.take_failure() {
        return Err(failure.into_error());
    }
    let returned = returned.into_inner();
    match returned.unwrap_or_else(PoisonError::into_inner) {
        Some(Err(error)) => Err(error),
        Some(Ok(value)) if group.operation().status() == Status::Completed => Ok(value),
        _ => Err(E::from(match result {
            Err(cancelled) => cancelled,
            Ok(()) => group.why(),
        })),
    }
}

impl<R: Runtime> TaskGroup<R> {
    /// From now on, closures on other threads find the group.
    fn is_of_its_operation(&self) {
        let mut state = self.operation().inner.lock();
        if state.status == Status::Pending {
            state.details().group = OwnGroup::new(&self.shared);
        }
    }

    /// Why the group is cancelled.
    fn why(&self) -> Cancelled {
        let cause = self.operation().token().cause();
        // (Not reached without one: nothing is uncancelled again.)
        cause.unwrap_or_else(|| Cancelled::from(Cause::new(Reason::Manual)))
    }

    fn body_failed<E: Display + 'static>(&self, error: &E, text: String) {
        let inner = &self.operation().inner;
        let before = inner.is_cancelled();
        if !before || !is_cancelation(error, &text, &self.why()) {
            self.record(self.operation(), &text);
        }
        let cause = Cause::new(Reason::Error).with_message(text.clone());
        // Wakers and callbacks of the token may panic. As with every cancel, that is passed on.
        match catch_unwind(AssertUnwindSafe(|| self.operation().cancel_with(cause))) {
            Ok(true) => self.shared.set_text(text),
            Ok(false) => {}
            Err(payload) => {
                let text = describe(&*payload);
                self.shared.set_panic(payload, text);
            }
        }
    }

    /// If the body has panicked in its drop, nobody has cancelled the tasks yet.
    fn ensure_cancelled(&self) {
        if self.running() > 0 && !self.operation().inner.is_cancelled() {
            let callbacks = &self.operation().inner.setup.callbacks;
            callbacks.contain(|| {
                self.operation()
                    .cancel_with((Reason::Error, "the body panicked"));
            });
        }
    }

    /// What is left to wait for when the body is gone, and the grace period over.
    fn poll_end(&self, end: &mut End, cx: &mut Context<'_>) -> Poll<()> {
        let (shared, inner) = (&*self.shared, &self.operation().inner);
        // First this, then the look: what changes after it, wakes.
        shared.listen(cx);
        if inner.is_cancelled() {
            let (works, gates) = shared.take_back(&self.why());
            for gate in gates {
                shared.count_unfinished();
                self.count_cut_off();
                inner.setup.callbacks.contain(|| gate.ring());
                shared.leave();
            }
            end.tasks.extend(works);
        }
        end.poll_tasks(cx);
        if shared.poll_empty(cx, false).is_ready() {
            return Poll::Ready(());
        }
        // Closures on other threads are waited for as long as nobody forces the group.
        if !end.forced {
            let force = end.force.get_or_insert_with(|| Box::pin(inner.forced()));
            end.forced = force.as_mut().poll(cx).is_ready();
        }
        shared.poll_empty(cx, end.forced)
    }
}

/// The end of a group.
#[derive(Default)]
struct End {
    /// Tasks that never began, to be ended here: their cleanups run, and their callbacks.
    tasks: Vec<TaskFuture>,
    force: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
    forced: bool,
}

impl End {
    fn poll_tasks(&mut self, cx: &mut Context<'_>) {
        self.tasks.retain_mut(|work| {
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
            match polled {
                Ok(polled) => polled.is_pending(),
                Err(payload) => {
                    forget(payload); // as any panic in a drop of a task
                    false
                }
            }
        });
    }
}

/// The user's body. `None`: the operation was cancelled before it returned.
struct UntilCancelled<'a, R, F> {
    op: &'a Operation<R>,
    body: Pin<&'a mut Option<F>>,
}

impl<R: Runtime, F: Future> UntilCancelled<'_, R, F> {
    /// Drops the body if it is over with it. (What holds it is polled in it.)
    fn end_if_cancelled(&mut self) -> bool {
        let over = self.op.inner.is_cancelled() && !self.op.inner.is_held();
        if over {
            self.body.set(None);
        }
        over
    }
}

impl<R, T, F> Future for UntilCancelled<'_, R, F>
where
    R: Runtime,
    F: Future<Output = Result<T, Payload>>,
{
    type Output = Option<Result<T, Payload>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.end_if_cancelled() {
            return Poll::Ready(None);
        }
        let Some(body) = self.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match body.poll(cx) {
            Poll::Ready(result) => {
                self.body.set(None);
                Poll::Ready(Some(result))
            }
            Poll::Pending if self.end_if_cancelled() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
