//! The ways to start a task in a group.

use super::TaskGroup;
use super::launch::{launch, launch_local};
use super::output::{AnyError, TaskOutput, Yields};
use super::task::GroupTask;
use crate::operation::Runtime;
use crate::operation::base::{Cancelable, Cx};
use crate::operation::drive::drive;
use crate::operation::outcomes::{fallible, no_cleanup};
use cancel_core::{Spawn, SpawnLocal};
use std::convert::Infallible;
use std::future::Future;

impl<R: Runtime + Spawn> TaskGroup<R> {
    /// Starts a task. `f` gets the [`Cx`] of the task's own operation, a child of the group's.
    ///
    /// What the task returns decides whether it can fail: see [`TaskOutput`]. The error of a `Result` is an
    /// error of the group.
    ///
    /// If the group is cancelled, the body of the task is never polled, and the task ends cancelled. If
    /// the executor refuses it, that is a failure of the task. After the end of the group it is not
    /// started, and counts for nothing.
    ///
    /// # Returns
    ///
    /// The task's handle, which need not be kept. Its error is why the task was cancelled, or has failed.
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
    ///
    /// With errors:
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// async fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    ///     text.parse()
    /// }
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     group.spawn(|_| parse("5"));
    ///     group.spawn(|_| parse("no number"));
    /// });
    /// let error = smol::block_on(run).unwrap_err();
    /// assert_eq!(error.message(), Some("invalid digit found in string"));
    /// ```
    pub fn spawn<T, F, W, O>(&self, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = O> + Send + 'static,
        O: TaskOutput<Value = T> + Yields<T>,
    {
        self.spawn_as(self.child(), f)
    }

    /// Starts a task whose body uses `?` on errors of several types: each is boxed. Otherwise as
    /// [`spawn`](TaskGroup::spawn), without a type to be named.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     group.try_spawn(|cx| async move {
    ///         cx.check()?;
    ///         Ok("5".parse::<u32>()?)
    ///     })
    ///     .await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(5)));
    /// ```
    pub fn try_spawn<T, F, W>(&self, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = Result<T, AnyError>> + Send + 'static,
    {
        self.spawn(f)
    }

    /// Starts a task whose output is a value of any type. If that is a `Result`, its error is part of the value: it
    /// goes to the handle and not to the group, and is lost if the handle is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let task = group.spawn_value(|_| async { "no number".parse::<u32>() });
    ///     task.await.unwrap().is_err()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(true)); // the group goes on
    /// ```
    pub fn spawn_value<T, F, W>(&self, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        self.spawn_value_as(self.child(), f)
    }

    /// [`spawn`](TaskGroup::spawn) with an operation that has been set up: with a name, a timeout,
    /// callbacks, a cleanup.
    ///
    /// It is to be a [`child`](TaskGroup::child) of this group, or made of one. One without a parent
    /// becomes a part of the group, too: it is cancelled and forced with it. One with another parent, or that is
    /// [`detached`](Cancelable::detached), is waited for but not cancelled.
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
    pub fn spawn_as<T, F, W, O>(&self, operation: Cancelable<R>, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = O> + Send + 'static,
        O: TaskOutput<Value = T> + Yields<T>,
    {
        let operation = self.part(operation).build();
        let body = async move |cx: &Cx<R>| f(cx.clone()).await.into_result();
        let cx = Cx::new(operation.clone());
        let run = drive(cx, body, no_cleanup::<R>(), fallible, |ended| ended);
        launch(self, operation, run)
    }

    /// [`spawn_value`](TaskGroup::spawn_value) with an operation that has been set up, as
    /// [`spawn_as`](TaskGroup::spawn_as).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// struct Page(u32);
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let op = group.child().name("page 1");
    ///     group.spawn_value_as(op, |_| async { Page(1) }).await.unwrap().0
    /// });
    /// assert_eq!(smol::block_on(run), Ok(1));
    /// ```
    pub fn spawn_value_as<T, F, W>(&self, operation: Cancelable<R>, f: F) -> GroupTask<T, R>
    where
        T: Send + 'static,
        F: FnOnce(Cx<R>) -> W + Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let value = async |work: W| Ok::<T, Infallible>(work.await);
        self.spawn_as(operation, move |cx| value(f(cx)))
    }
}

impl<R: Runtime + SpawnLocal> TaskGroup<R> {
    /// Starts a task that stays on this thread, and so need not be [`Send`]. Otherwise as
    /// [`spawn`](TaskGroup::spawn).
    ///
    /// Its handle stays on this thread, too, if the value is not `Send`. If the group ends the task before
    /// it has begun, because the executor does not run it, a cleanup of the task does not run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::generic::Cancelable;
    /// use cancel_std::{Runtime, SpawnLocal};
    /// use std::rc::Rc;
    ///
    /// async fn count<R: Runtime + SpawnLocal>(op: Cancelable<R>) -> usize {
    ///     let run = op.run_group(async |group| {
    ///         let shared = Rc::new(5);
    ///         group.spawn_local(move |_| async move { *shared }).await
    ///     });
    ///     run.await.unwrap().unwrap()
    /// }
    /// ```
    pub fn spawn_local<T, F, W, O>(&self, f: F) -> GroupTask<T, R>
    where
        T: 'static,
        F: FnOnce(Cx<R>) -> W + 'static,
        W: Future<Output = O> + 'static,
        O: TaskOutput<Value = T> + Yields<T>,
    {
        self.spawn_local_as(self.child(), f)
    }

    /// [`spawn_local`](TaskGroup::spawn_local) with an operation that has been set up, as
    /// [`spawn_as`](TaskGroup::spawn_as).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Runtime, SpawnLocal, TaskGroup};
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// fn start<R: Runtime + SpawnLocal>(group: &TaskGroup<R>, hits: Rc<Cell<u32>>) {
    ///     let counter = group.child().name("counter");
    ///     group.spawn_local_as(counter, move |_| async move { hits.set(hits.get() + 1) });
    /// }
    /// ```
    pub fn spawn_local_as<T, F, W, O>(&self, operation: Cancelable<R>, f: F) -> GroupTask<T, R>
    where
        T: 'static,
        F: FnOnce(Cx<R>) -> W + 'static,
        W: Future<Output = O> + 'static,
        O: TaskOutput<Value = T> + Yields<T>,
    {
        let operation = self.part(operation).build();
        let body = async move |cx: &Cx<R>| f(cx.clone()).await.into_result();
        let cx = Cx::new(operation.clone());
        let run = drive(cx, body, no_cleanup::<R>(), fallible, |ended| ended);
        launch_local(self, operation, run)
    }
}
