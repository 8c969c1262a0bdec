//! The handle of a task.

use super::place::Place;
use crate::operation::base::Operation;
use cancel_core::Cancelled;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A task of a [`TaskGroup`](crate::TaskGroup): a future of its output, and a handle of its operation.
///
/// It need not be kept: dropped, the task goes on, and the group waits for it all the same. To take the
/// outcomes of several in the order in which they end, put them into a [`TaskSet`](crate::TaskSet).
///
/// # Errors
///
/// [`Cancelled`] if the task was cancelled. If it failed, too, with [`Reason::Error`](cancel_core::Reason)
/// and the text of its error. The error itself goes to the group; in a group of
/// [tasks each for itself](crate::Cancelable::each_for_itself) it is the
/// [source](std::error::Error::source).
///
/// # Panics
///
/// Polling again after the end panics.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
///
/// let sum = Cancelable::new().run_group(async |group| {
///     let parts: Vec<_> = (1..=4).map(|n| group.spawn(move |_| async move { n * n })).collect();
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(smol::block_on(sum), Ok(30));
/// ```
// (Not `must_use`: most tasks are started for what they do.)
pub struct GroupTask<T, R> {
    operation: Operation<R>,
    place: Arc<Place<T>>,
}

impl<T, R> GroupTask<T, R> {
    pub(super) fn new(operation: Operation<R>, place: Arc<Place<T>>) -> Self {
        GroupTask { operation, place }
    }

    pub(super) fn place(&self) -> &Place<T> {
        &self.place
    }

    /// Returns the task's operation: to cancel it alone, to see its status and progress.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run_group(async |group| {
    ///     let task = group.spawn(|cx| async move { cx.sleep(Duration::MAX).await });
    ///     task.operation().cancel_with("not needed any more");
    ///     task.await.unwrap_err().reason()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(Reason::Manual)); // the group goes on
    /// ```
    pub fn operation(&self) -> &Operation<R> {
        &self.operation
    }
}

impl<T, R> Future for GroupTask<T, R> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.place.poll(cx)
    }
}

/// The waker of the last poll goes with the handle, and not only with the task.
impl<T, R> Drop for GroupTask<T, R> {
    fn drop(&mut self) {
        drop(self.place.gate.runner.forget());
    }
}

impl<T, R> fmt::Debug for GroupTask<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupTask")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}
