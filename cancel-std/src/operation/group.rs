//! Task groups: an operation whose body spawns tasks, and which is over when all of them are.
//!
//! The group is the operation: its runner is the ordinary one (`drive`). After the body of the user it
//! waits for the tasks; if it is cancelled, the cleanup does that, which holds what is around.

use super::drive::{Outcome, drive};
use super::run::erred;
use super::{Cancelable, Cx, Inner, Operation, Runtime};
use crate::callbacks::CatchUnwind;
use crate::context::Status;
use crate::panics::{Payload, describe, forget};
use cancel_core::{Cancelled, Cause, Reason, Spawn, Token};
use shared::Shared;
use std::fmt::{self, Display};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

mod shared;
mod task;

pub use task::GroupTask;

/// Tasks that belong together, as the body of [`run_group`](Cancelable::run_group) sees them.
///
/// Each task is an operation below that of the group, run by the executor of the runtime. The first one
/// that fails cancels the others. `E` is what the group fails with. This is a handle: clones are the
/// same group, and tasks may spawn further ones.
///
/// A task *fails* if
///
/// * it returns an error ([`try_spawn`](TaskGroup::try_spawn)) or panics,
/// * a limit of its own cancels it: a timeout, a source, a token that it follows,
/// * the executor refuses or drops it.
///
/// It does not if the group was cancelled before, or if somebody cancels it alone with
/// [`Reason::Manual`]: through its handle, say.
///
/// # Memory
///
/// The group keeps a counter, and the first failure. What has ended leaves nothing behind, so a group
/// may live as long as a server.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Std, TaskGroup};
///
/// fn halve(group: &TaskGroup<Std>, size: u32) {
///     if size > 1 {
///         for _ in 0..2 {
///             let inner = group.clone();
///             group.spawn(move |_| async move { halve(&inner, size / 2) });
///         }
///     }
/// }
///
/// let run = Cancelable::new().run_group(async |group| halve(group, 8));
/// assert_eq!(smol::block_on(run), Ok(())); // all 14 of them are over
/// ```
pub struct TaskGroup<R, E = Cancelled> {
    cx: Cx<R>,
    shared: Arc<Shared<E>>,
}

impl<R> Inner<R> {
    /// If it has ended cancelled: why.
    fn cancelled_because(&self) -> Option<Cancelled> {
        let state = self.lock();
        match state.status {
            Status::Cancelled => state.cause.clone(),
            _ => None,
        }
    }
}

impl<R: Runtime + Spawn> Cancelable<R> {
    /// Runs a body that spawns tasks, and waits for all of them.
    ///
    /// When the body has returned, the group goes on until its last task is over. The first failure of
    /// a task cancels this operation with [`Reason::Error`] and the text of the failure: the body is
    /// dropped, all other tasks are cancelled, and the group waits for them, including their cleanup.
    /// The same goes for every other cancelation of this operation. So when this returns, nothing
    /// of the group runs any more. For a group inside a body use a
    /// [`child`](Operation::child), which the body around it then waits for in any case.
    ///
    /// Everything else is as in [`run`](Cancelable::run): timeout and other sources of this operation
    /// limit the whole group, callbacks and [`finally`](Cancelable::finally) come when all tasks are
    /// over. If a task has failed, the status is *failed*.
    ///
    /// # Returns
    ///
    /// The body's value, if no task has failed, and nobody has cancelled the group between the body's
    /// return and the end of the last task. A body that returns after the cancelation (in its grace
    /// period, say) has its value counted, as in `run`.
    ///
    /// # Errors
    ///
    /// [`Cancelled`]: why the first task failed (with its own reason, *timeout* say), or why the group was
    /// cancelled.
    ///
    /// # Panics
    ///
    /// If the body or a task panics: with the first of these panics, when all tasks are over. Otherwise
    /// as `run`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the body and all tasks, and waits for nobody.
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
    pub fn run_group<T, F>(
        self,
        body: F,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: AsyncFnOnce(&TaskGroup<R>) -> T,
    {
        let group = TaskGroup::new(Cx::new(self.build()));
        run(group, async move |group: &TaskGroup<R>| {
            Ok(body(group).await)
        })
    }

    /// [`run_group`](Cancelable::run_group) with your own error type, which takes cancelations,
    /// too.
    ///
    /// # Errors
    ///
    /// That of the body or the task that failed first; or a [`Cancelled`] as in `run_group`, converted.
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
    ///     group.try_spawn(|_| async { Ok("no number".parse::<u32>()?) });
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
        E: From<Cancelled> + Display + Send + 'static,
        F: AsyncFnOnce(&TaskGroup<R, E>) -> Result<T, E>,
    {
        run(TaskGroup::new(Cx::new(self.build())), body)
    }
}

impl<R: Runtime + Spawn> Operation<R> {
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
        F: AsyncFnOnce(&TaskGroup<R>) -> T,
    {
        let group = TaskGroup::new(Cx::new(self.clone()));
        run(group, async move |group: &TaskGroup<R>| {
            Ok(body(group).await)
        })
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
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run_group(async |group| -> Result<u32, Cancelled> {
    ///     group.try_spawn(|cx| async move { cx.check() });
    ///     Ok(5)
    /// });
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn try_run_group<T, E, F>(
        &self,
        body: F,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display + Send + 'static,
        F: AsyncFnOnce(&TaskGroup<R, E>) -> Result<T, E>,
    {
        run(TaskGroup::new(Cx::new(self.clone())), body)
    }
}

async fn run<R, T, E, F>(group: TaskGroup<R, E>, body: F) -> Result<T, E>
where
    R: Runtime + Spawn,
    E: From<Cancelled> + Display + Send + 'static,
    F: AsyncFnOnce(&TaskGroup<R, E>) -> Result<T, E>,
{
    let shared = &group.shared;
    let all = async |cx: &Cx<R>| {
        // With the text of its error, whose panic is one of the body, too.
        let future = async {
            let result = body(&group).await;
            result.map_err(|error| (error.to_string(), error))
        };
        match (CatchUnwind { future }).await {
            Ok(Ok(value)) => {
                // One that has returned after the cancelation has had its reasons: it counts.
                let cancelled = || cx.operation().inner.is_cancelled();
                if cancelled() {
                    cx.shield(shared.all_gone()).await;
                    return Ok(value);
                }
                shared.all_gone().await;
                // Not "whoever is quicker": the cancelation may have kept tasks from their work.
                match cancelled() {
                    false => Ok(value),
                    true => Err(None),
                }
            }
            Ok(Err((text, error))) => {
                let cause = Cause::new(Reason::Error).with_message(text.clone());
                Err(group.failed(error, cause, text))
            }
            Err(payload) => {
                let text = describe(&*payload);
                let cause = Cause::new(Reason::Error).with_message(text.clone());
                group.panicked(payload, cause, text);
                Err(None)
            }
        }
    };
    let cleanup = async |_: &Cx<R>| shared.all_gone().await;
    let outcome = |result: Result<&Result<T, Option<E>>, &Cancelled>, token: &Token| {
        if let Some(text) = shared.text() {
            return Outcome::Failed(text);
        }
        match result {
            Ok(Ok(_)) => Outcome::Completed,
            Ok(Err(Some(error))) => erred(error, token),
            Ok(Err(None)) | Err(_) => Outcome::Cancelled(None),
        }
    };
    let ctx = group.cx.clone();
    let result = drive(ctx, all, Some(cleanup), outcome, |result| result).await;
    if let Some(payload) = shared.take_panic() {
        resume_unwind(payload);
    }
    if let Some(failure) = shared.take_failure() {
        return Err(failure);
    }
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Some(error))) => Err(error),
        Ok(Err(None)) => {
            let cause = group.cx.token().cause();
            Err(E::from(
                cause.expect("only a cancelled group has no answer"),
            ))
        }
        Err(cancelled) => Err(E::from(cancelled)),
    }
}

impl<R: Runtime, E> TaskGroup<R, E> {
    fn new(cx: Cx<R>) -> Self {
        TaskGroup {
            cx,
            shared: Arc::new(Shared::new()),
        }
    }

    /// Returns the operation of the group: to cancel all of it, to see its status.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run_group(async |group| {
    ///     for _ in 0..10 {
    ///         group.spawn(|cx| async move { cx.sleep(Duration::MAX).await });
    ///     }
    ///     group.operation().cancel_with(Reason::Shutdown);
    ///     "no more"
    /// });
    /// assert_eq!(smol::block_on(run), Ok("no more"));
    /// assert_eq!(op.context().reason(), Some(Reason::Shutdown));
    /// ```
    pub fn operation(&self) -> &Operation<R> {
        self.cx.operation()
    }

    /// Returns the context of the group's operation: to sleep, to report progress.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run_group(async |group| group.cx().progress(1, 2));
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.context().progress().unwrap().to_string(), "1/2");
    /// ```
    pub fn cx(&self) -> &Cx<R> {
        &self.cx
    }

    /// An operation for a task of this group, to be set up and given to
    /// [`spawn_as`](TaskGroup::spawn_as) or [`try_spawn_as`](TaskGroup::try_spawn_as).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.run_group(async |group| group.child().build().context().parent_id());
    /// assert_eq!(smol::block_on(run), Ok(Some(op.id())));
    /// ```
    pub fn child(&self) -> Cancelable<R> {
        Cancelable::on(self.cx.runtime().clone()).parent(&self.cx)
    }

    /// How many tasks are not over yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     group.spawn(|_| async { 5 }).await.unwrap();
    ///     group.running()
    /// });
    /// assert!(smol::block_on(run).unwrap() <= 1); // its output comes a moment before its end
    /// ```
    pub fn running(&self) -> usize {
        self.shared.running()
    }

    /// A failure of the body or of a task. Gives the error back if it was not the first.
    fn failed(&self, error: E, cause: Cause, text: String) -> Option<E> {
        // Wakers and callbacks of the token may panic. As with every cancel, that is passed on.
        match catch_unwind(AssertUnwindSafe(|| self.cx.cancel_with(cause))) {
            Ok(true) => {
                self.shared.set_failure(error, text);
                None
            }
            Ok(false) => Some(error),
            Err(payload) => {
                let text = describe(&*payload);
                self.shared.set_panic(payload, text);
                None
            }
        }
    }

    fn panicked(&self, payload: Payload, cause: Cause, text: String) {
        self.shared.set_panic(payload, text);
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| self.cx.cancel_with(cause))) {
            forget(second);
        }
    }
}

impl<R, E> TaskGroup<R, E>
where
    R: Runtime + Spawn,
    E: From<Cancelled> + Display + Send + 'static,
{
    /// Starts a task. `f` gets the [`Cx`] of the task's own operation, a child of the group's.
    ///
    /// If the group is cancelled, the body of the task is never polled, and the task ends cancelled. If
    /// the executor refuses it, that is a failure of the task. After the end of the group it is not
    /// started, and counts for nobody.
    ///
    /// # Returns
    ///
    /// The task's handle, which need not be kept. Its error is why the task was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let task = group.spawn(|cx| async move {
    ///         cx.sleep(Duration::from_millis(1)).await;
    ///         "done"
    ///     });
    ///     task.await.unwrap()
    /// });
    /// assert_eq!(smol::block_on(run), Ok("done"));
    /// ```
    pub fn spawn<T, F, W>(&self, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        self.spawn_as(self.child(), f)
    }

    /// Starts a task that can fail. Otherwise as [`spawn`](TaskGroup::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     group.try_spawn(|cx| async move {
    ///         cx.check()?;
    ///         Ok::<_, Cancelled>(5)
    ///     })
    ///     .await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(5)));
    /// ```
    pub fn try_spawn<T, F, W>(&self, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.try_spawn_as(self.child(), f)
    }

    /// [`spawn`](TaskGroup::spawn) with an operation that has been set up: with a name, a timeout,
    /// callbacks, a cleanup.
    ///
    /// It has to be a [`child`](TaskGroup::child) of this group, or made of one. Any other is waited for
    /// but not cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let op = group.child().name("part 1");
    ///     group.spawn_as(op, |cx| async move { cx.name().map(String::from) }).await
    /// });
    /// assert_eq!(smol::block_on(run).unwrap().unwrap().as_deref(), Some("part 1"));
    /// ```
    pub fn spawn_as<T, F, W>(&self, operation: Cancelable<R>, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let operation = operation.build();
        let run = operation.run(async move |cx: &Cx<R>| f(cx.clone()).await);
        task::launch(self, operation, async move { run.await.map_err(E::from) })
    }

    /// [`try_spawn`](TaskGroup::try_spawn) with an operation that has been set up, as
    /// [`spawn_as`](TaskGroup::spawn_as).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let op = group.child().on_error(|context| println!("{:?}", context.error()));
    ///     group.try_spawn_as(op, |_| async { Ok::<_, Cancelled>(5) }).await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(5)));
    /// ```
    pub fn try_spawn_as<T, F, W>(&self, operation: Cancelable<R>, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
    {
        let operation = operation.build();
        let run = operation.try_run(async move |cx: &Cx<R>| f(cx.clone()).await);
        task::launch(self, operation, run)
    }
}

impl<R, E> Clone for TaskGroup<R, E> {
    fn clone(&self) -> Self {
        TaskGroup {
            cx: self.cx.clone(),
            shared: self.shared.clone(),
        }
    }
}

/// Takes no lock.
impl<R, E> fmt::Debug for TaskGroup<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("operation", self.cx.operation())
            .finish_non_exhaustive()
    }
}
