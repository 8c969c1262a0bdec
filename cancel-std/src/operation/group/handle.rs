//! `TaskGroup`: what the body of a group works with.

use super::failure::Failure;
use super::shared::GroupCore;
use crate::basics::panics::{Payload, describe, forget};
use crate::operation::Runtime;
use crate::operation::base::{Cancelable, Cx, Operation};
use crate::report::task_report::TaskError;
use cancel_core::Cause;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Tasks that belong together, as the body of [`run_group`](Cancelable::run_group) gets them.
///
/// Each task is an operation below that of the group, run by the executor of the runtime. The first task
/// that fails cancels the others, unless the group is set up with
/// [`each_for_itself`](Cancelable::each_for_itself).
///
/// A task *fails* if
///
/// * it returns an error (see [`TaskOutput`](crate::TaskOutput)) or panics,
/// * a limit of its own cancels it: a timeout, a source, a token that it follows,
/// * the executor refuses or drops it.
///
/// It does not if the group was cancelled before, or if somebody cancels it by hand, which is with
/// [`Reason::Manual`](cancel_core::Reason::Manual): through its handle, through a token that it follows, or
/// through an operation between it and the group. Nor do tasks fail that are cancelled, for whatever reason, by
/// [`cancel_children`](cancel_core::Token::cancel_children) of the group's token: the group goes on, and can
/// start others. All errors are listed in the context of the group:
/// [`task_errors`](crate::Context::task_errors).
///
/// # Tasks that spawn tasks
///
/// This is a handle: clones are the same group. A clone moves into a task, which spawns its siblings with
/// it:
///
/// ```
/// use cancel_std::Cancelable;
///
/// let run = Cancelable::new().run_group(async |group| {
///     let siblings = group.clone();
///     group.spawn(move |_| async move {
///         for page in 1..=3 {
///             siblings.spawn(move |_| async move { println!("page {page}") });
///         }
///     });
/// });
/// assert_eq!(smol::block_on(run), Ok(())); // all four are over
/// ```
///
/// # Memory
///
/// The group keeps counters, the first failure, and the texts of the first 64 errors. What has ended leaves
/// nothing else behind, so a group may live as long as a server. To keep outcomes until they are taken,
/// put the tasks into a [`TaskSet`](crate::TaskSet).
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
/// let run = Cancelable::new().run_group(async |group| halve(&group, 8));
/// assert_eq!(smol::block_on(run), Ok(())); // all 14 of them are over
/// ```
pub struct TaskGroup<R> {
    cx: Cx<R>,
    pub(super) shared: Arc<GroupCore>,
}

impl<R: Runtime> TaskGroup<R> {
    pub(super) fn new(cx: Cx<R>) -> Self {
        let shared = Arc::new(GroupCore::new(cx.operation().inner.setup.task_limit()));
        TaskGroup { cx, shared }
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
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Shutdown);
    /// assert_eq!(op.context().cut_off(), 10);
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

    pub(super) fn runtime(&self) -> &R {
        self.cx.runtime()
    }

    /// Creates an operation for a task of this group, to be set up and given to
    /// [`spawn_as`](TaskGroup::spawn_as) or another method of that kind.
    ///
    /// It is registered where the group's operation is registered at this moment. If the group has a
    /// [grace period](Cancelable::grace), the task has it when the group is cancelled. A grace
    /// period that is set for the task itself replaces that one, and counts for every cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// let run = op.run_group(async |group| {
    ///     let task = group.child().build();
    ///     assert_eq!(task.context().parent_id(), Some(group.operation().id()));
    ///     registry.len()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(2));
    /// ```
    pub fn child(&self) -> Cancelable<R> {
        self.part(Cancelable::on(self.runtime().clone()))
    }

    /// One without a parent becomes a child of the group.
    pub(super) fn part(&self, operation: Cancelable<R>) -> Cancelable<R> {
        if operation.has_parent() || operation.is_detached() {
            return operation;
        }
        let inner = &self.operation().inner;
        let mut child = operation.parent(&self.cx);
        let registries = inner.lock().registries.clone();
        for registry in registries.as_slice() {
            child = child.register(registry);
        }
        match inner.setup.grace().is_zero() || child.has_grace() {
            true => child,
            false => child.grace_of_group(inner.setup.grace()),
        }
    }

    /// Returns how many tasks are not over yet, with those that wait for the
    /// [limit](Cancelable::task_limit).
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

    pub(super) fn is_each_for_itself(&self) -> bool {
        self.operation().inner.setup.is_each_for_itself()
    }

    /// Notes an error of a task.
    pub(super) fn record(&self, task: &Operation<R>, text: &str) {
        let name = task.inner.setup.name.clone();
        let error = TaskError::new(task.id(), name, text.to_string());
        let mut state = self.operation().inner.lock();
        let tasks = state.details().tasks.get_or_insert_default();
        Arc::make_mut(tasks).push(error);
    }

    pub(super) fn count_cut_off(&self) {
        let mut state = self.operation().inner.lock();
        let tasks = state.details().tasks.get_or_insert_default();
        Arc::make_mut(tasks).cut_off += 1;
    }

    /// A failure of a task. Not the first one: it is only counted.
    pub(super) fn failed(&self, failure: Failure, cause: Cause) {
        // Wakers and callbacks of the token may panic. As with every cancel, that is passed on.
        match catch_unwind(AssertUnwindSafe(|| self.operation().cancel_with(cause))) {
            Ok(true) => self.shared.set_failure(failure),
            Ok(false) => self.shared.count_unfinished(),
            Err(payload) => {
                let text = describe(&*payload);
                self.shared.set_panic(payload, text);
            }
        }
    }

    pub(super) fn panicked(&self, payload: Payload, cause: Cause, text: String) {
        self.shared.set_panic(payload, text);
        let cancel = AssertUnwindSafe(|| self.operation().cancel_with(cause));
        if let Err(second) = catch_unwind(cancel) {
            forget(second);
        }
    }
}

/// The same group.
impl<R> Clone for TaskGroup<R> {
    fn clone(&self) -> Self {
        TaskGroup {
            cx: self.cx.clone(),
            shared: self.shared.clone(),
        }
    }
}

/// Takes no lock.
impl<R> fmt::Debug for TaskGroup<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("operation", self.cx.operation())
            .finish_non_exhaustive()
    }
}
