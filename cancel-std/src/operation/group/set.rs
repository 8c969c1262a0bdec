//! Tasks whose outcomes are taken as they come.

use super::ended_tasks::EndedTasks;
use super::task::GroupTask;
use crate::basics::id::OperationId;
use crate::operation::base::Operation;
use cancel_core::Cancelled;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Tasks of which [`join_next`](TaskSet::join_next) gives the outcomes in the order in which they end.
///
/// A group by itself keeps no outcomes, so that it can live as long as a server. A set keeps those of the
/// tasks that are put into it: any number, from one group or several, with outputs of one type. An
/// outcome that nobody takes stays in the set.
///
/// Dropping the set leaves the tasks to their groups, which still wait for them.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, TaskSet};
/// use std::time::Duration;
///
/// let run = Cancelable::new().each_for_itself().run_group(async |group| {
///     let mut pages = TaskSet::new();
///     for n in [3, 0, 2] {
///         let page = group.child().name(format!("page {n}"));
///         pages.push(group.spawn_as(page, move |cx| async move {
///             cx.sleep(Duration::from_millis(20 * n)).await;
///             if n == 0 { Err("there is none") } else { Ok(n) }
///         }));
///     }
///     let mut report = Vec::new();
///     while let Some(end) = pages.join_next().await {
///         let result = end.result.map_err(|error| error.message().map(String::from));
///         report.push((end.operation.name().map(String::from), result));
///     }
///     report
/// });
/// let report = smol::block_on(run).unwrap();
/// assert_eq!(report.len(), 3);
/// let missing = (Some("page 0".to_string()), Err(Some("page 0: there is none".to_string())));
/// assert!(report.contains(&missing));
/// ```
#[doc(alias = "JoinSet")]
pub struct TaskSet<T, R> {
    tasks: HashMap<u64, GroupTask<T, R>>,
    next: u64,
    ended: Arc<EndedTasks>,
}

/// How a task has ended, as [`TaskSet::join_next`] tells it.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, TaskSet};
///
/// let run = Cancelable::new().run_group(async |group| {
///     let mut tasks = TaskSet::new();
///     tasks.push(group.spawn_as(group.child().name("first"), |_| async { 5 }));
///     let end = tasks.join_next().await.unwrap();
///     assert_eq!(end.name(), Some("first"));
///     assert_eq!(end.result, Ok(5));
/// });
/// smol::block_on(run).unwrap();
/// ```
pub struct TaskEnd<T, R> {
    /// The task's operation: its id, its name, its context.
    pub operation: Operation<R>,
    /// What the task's handle would have given.
    pub result: Result<T, Cancelled>,
}

impl<T, R> TaskSet<T, R> {
    /// Creates an empty set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Std, TaskSet};
    ///
    /// assert!(TaskSet::<u32, Std>::new().is_empty());
    /// ```
    pub fn new() -> Self {
        TaskSet {
            tasks: HashMap::new(),
            next: 0,
            ended: Arc::default(),
        }
    }

    /// Puts a task into the set. It may have ended already.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, TaskSet};
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let mut tasks = TaskSet::new();
    ///     tasks.push(group.spawn(|_| async { 5 }));
    ///     tasks.len()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(1));
    /// ```
    pub fn push(&mut self, task: GroupTask<T, R>) {
        let number = self.next;
        self.next += 1;
        // First this, then the look: an end between the two is told twice, and not missed.
        task.place().gate.tell(&self.ended, number);
        let has_ended = task.place().has_ended();
        self.tasks.insert(number, task);
        if has_ended {
            self.ended.push(number);
        }
    }

    /// Waits for the next task of the set to end.
    ///
    /// # Returns
    ///
    /// `None` if the set is empty. More tasks may be put into it afterwards.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has taken nothing out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, TaskSet};
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let mut parts = TaskSet::new();
    ///     for n in 1..=4 {
    ///         parts.push(group.spawn(move |_| async move { n * n }));
    ///     }
    ///     let mut sum = 0;
    ///     while let Some(end) = parts.join_next().await {
    ///         sum += end.result?;
    ///     }
    ///     Ok::<_, cancel_std::Cancelled>(sum)
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(30)));
    /// ```
    pub async fn join_next(&mut self) -> Option<TaskEnd<T, R>> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<TaskEnd<T, R>>> {
        if self.tasks.is_empty() {
            return Poll::Ready(None);
        }
        self.ended.listen(cx);
        loop {
            let next = self.ended.next();
            let Some(number) = next else {
                return Poll::Pending;
            };
            // (One that was told of twice is not there any more.)
            let Some(task) = self.tasks.get(&number) else {
                continue;
            };
            let Poll::Ready(result) = task.place().poll(cx) else {
                continue; // (not reached: it has ended)
            };
            let operation = task.operation().clone();
            drop(self.tasks.remove(&number));
            return Poll::Ready(Some(TaskEnd { operation, result }));
        }
    }

    /// Returns how many tasks are in the set whose outcome nobody has taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Std, TaskSet};
    ///
    /// assert_eq!(TaskSet::<u32, Std>::new().len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Returns whether there is no such task.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Std, TaskSet};
    ///
    /// assert!(TaskSet::<u32, Std>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T, R> TaskEnd<T, R> {
    /// Returns the id of the task's operation.
    ///
    /// # Examples
    ///
    /// See [`TaskEnd`].
    pub fn id(&self) -> OperationId {
        self.operation.id()
    }

    /// Returns the name of the task's operation, if it has one.
    ///
    /// # Examples
    ///
    /// See [`TaskEnd`].
    pub fn name(&self) -> Option<&str> {
        self.operation.inner.setup.name.as_deref()
    }
}

impl<T, R> Default for TaskSet<T, R> {
    fn default() -> Self {
        TaskSet::new()
    }
}

impl<T, R> Extend<GroupTask<T, R>> for TaskSet<T, R> {
    fn extend<I: IntoIterator<Item = GroupTask<T, R>>>(&mut self, tasks: I) {
        tasks.into_iter().for_each(|task| self.push(task));
    }
}

impl<T, R> FromIterator<GroupTask<T, R>> for TaskSet<T, R> {
    fn from_iter<I: IntoIterator<Item = GroupTask<T, R>>>(tasks: I) -> Self {
        let mut set = TaskSet::new();
        set.extend(tasks);
        set
    }
}

impl<T, R> fmt::Debug for TaskSet<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskSet")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T: fmt::Debug, R> fmt::Debug for TaskEnd<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskEnd")
            .field("operation", &self.operation)
            .field("result", &self.result)
            .finish()
    }
}
