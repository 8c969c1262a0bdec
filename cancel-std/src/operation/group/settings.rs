//! The settings of an operation that is run as a group.

use crate::operation::base::{Cancelable, Setup};
use crate::operation::details::GroupSettings;
use std::time::Duration;

impl<R> Cancelable<R> {
    /// Makes a [group](Cancelable::run_group) in which a task that fails leaves the others alone: one that
    /// returns an error, panics, or runs out of time.
    ///
    /// The error is in the task's handle (with the error itself as its
    /// [source](std::error::Error::source)), in what [`TaskSet::join_next`](crate::TaskSet::join_next) gives,
    /// and in the [context](crate::Context::task_errors) of the group. The group is *completed* if
    /// its body returns and nothing else cancels it. A body that fails still cancels all tasks.
    ///
    /// It changes nothing for an operation that is not run as a group.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let op = Cancelable::new().each_for_itself().build();
    /// let run = op.run_group(async |group| {
    ///     let bad = group.child().name("bad");
    ///     let bad = group.spawn_as(bad, |_| async { Err::<(), _>("out of ink") });
    ///     let good = group.spawn(|_| async { 5 });
    ///     assert_eq!(bad.await.unwrap_err().message(), Some("bad: out of ink"));
    ///     good.await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Ok(5)));
    /// assert_eq!(op.context().task_errors()[0].to_string(), "bad: out of ink");
    /// ```
    #[doc(alias = "supervisor")]
    pub fn each_for_itself(mut self) -> Self {
        self.rest().group.each_for_itself = true;
        self
    }

    /// Limits how many tasks of a [group](Cancelable::run_group) run at once. Zero, the default, is no
    /// limit.
    ///
    /// Spawning does not wait: further tasks are queued, and begin in the order in which the executor has
    /// taken them, when others end. A task that is cancelled while it is queued ends at once, without
    /// its body, and so do all queued ones when the group is cancelled. A task that waits for another task of its own group
    /// keeps its place meanwhile, so with a limit two tasks may wait for each other for ever.
    ///
    /// It changes nothing for an operation that is not run as a group.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::Duration;
    ///
    /// let at_once = Arc::new(AtomicUsize::new(0));
    /// let run = Cancelable::new().task_limit(2).run_group(async |group| {
    ///     for _ in 0..10 {
    ///         let at_once = at_once.clone();
    ///         group.spawn(move |cx| async move {
    ///             assert!(at_once.fetch_add(1, Ordering::Relaxed) < 2);
    ///             cx.sleep(Duration::from_millis(1)).await;
    ///             at_once.fetch_sub(1, Ordering::Relaxed);
    ///         });
    ///     }
    /// });
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// ```
    #[doc(alias = "Semaphore")]
    pub fn task_limit(mut self, limit: usize) -> Self {
        self.rest().group.limit = limit;
        self
    }

    /// Of a task: the grace period of its group.
    pub(super) fn grace_of_group(mut self, grace: Duration) -> Self {
        let rest = self.rest();
        rest.grace = grace;
        rest.group.grace_of_group = true;
        self
    }
}

impl GroupSettings {
    /// Its own grace period counts for every cancel.
    pub(crate) fn has_own_grace(&mut self) {
        self.grace_of_group = false;
    }

    pub(crate) fn combine(&mut self, other: GroupSettings) {
        self.each_for_itself |= other.each_for_itself;
        self.limit = match (self.limit, other.limit) {
            (0, limit) | (limit, 0) => limit,
            (one, two) => one.min(two),
        };
    }
}

impl<R> Setup<R> {
    pub(super) fn is_each_for_itself(&self) -> bool {
        self.group().each_for_itself
    }

    pub(super) fn task_limit(&self) -> usize {
        self.group().limit
    }

    /// Whether it is a task that has a grace period only if its group is cancelled, which is not so.
    pub(crate) fn is_refused_grace(&self) -> bool {
        let cancelled = || {
            let parent = self.parent.as_ref();
            parent.is_some_and(|group| group.operation.inner.is_cancelled())
        };
        self.group().grace_of_group && !cancelled()
    }

    fn group(&self) -> GroupSettings {
        self.rest
            .as_ref()
            .map_or(GroupSettings::default(), |rest| rest.group)
    }
}
