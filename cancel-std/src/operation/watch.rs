//! Watching the progress of an operation from outside.

use super::base::{Inner, Operation};
use crate::report::progress::Progress;
use futures_core::Stream;
use portable_atomic::{AtomicU64, Ordering};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The progress of an operation as a stream of its latest reports, for user interfaces. Made by
/// [`Operation::watch_progress`].
///
/// Whoever reads slower than the operation reports gets the latest report and not all of them. The
/// operation never waits for its watchers, of which there may be any number. The stream ends with the
/// operation, after its last report; of one that is never run it does not end.
///
/// # Cancel safety
///
/// Cancel safe: dropping a `next` loses nothing.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
/// use smol::stream::StreamExt;
/// use std::time::Duration;
///
/// let op = Cancelable::new().build();
/// let mut watch = op.watch_progress();
/// let work = smol::spawn(op.run(async |cx| {
///     for step in 1..=3 {
///         cx.progress(step, 3);
///         cx.sleep(Duration::from_millis(5)).await;
///     }
/// }));
/// smol::block_on(async {
///     while let Some(progress) = watch.next().await {
///         println!("{progress}"); // 1/3, 2/3, 3/3
///     }
///     work.await.unwrap();
/// });
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct ProgressWatch<R> {
    inner: Arc<Inner<R>>,
    /// How many reports there were when it last looked.
    seen: u64,
    id: u64,
}

impl<R> Operation<R> {
    /// The reports of this operation from now on, the latest one first if there is any. Reports of
    /// operations below it are not among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::StreamExt;
    ///
    /// let op = Cancelable::new().build();
    /// op.within(|cx| cx.progress(1, 2));
    /// let first = smol::block_on(op.watch_progress().next());
    /// assert_eq!(first.unwrap().fraction(), Some(0.5));
    /// ```
    pub fn watch_progress(&self) -> ProgressWatch<R> {
        ProgressWatch {
            inner: self.inner.clone(),
            seen: 0,
            id: next_id(),
        }
    }
}

fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // Relaxed: the numbers have to differ, nothing else.
    LAST.fetch_add(1, Ordering::Relaxed)
}

impl<R> Stream for ProgressWatch<R> {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Progress>> {
        // Cloned and dropped outside of the lock (O2).
        let mut waker = Some(cx.waker().clone());
        let inner = self.inner.clone();
        let mut state = inner.lock();
        let is_final = state.status.is_final();
        let details = state.details();
        let poll = if details.version != self.seen {
            self.seen = details.version;
            Poll::Ready(details.progress.clone())
        } else if is_final {
            Poll::Ready(None)
        } else {
            let known = details.watchers.iter_mut().find(|(id, _)| *id == self.id);
            match known {
                Some((_, old)) => waker = waker.map(|new| std::mem::replace(old, new)),
                None => details
                    .watchers
                    .extend(waker.take().map(|waker| (self.id, waker))),
            }
            Poll::Pending
        };
        drop(state);
        drop(waker);
        poll
    }
}

impl<R> Drop for ProgressWatch<R> {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        let Some(details) = &mut state.details else {
            return;
        };
        let index = details.watchers.iter().position(|(id, _)| *id == self.id);
        let waker = index.map(|index| details.watchers.swap_remove(index));
        drop(state);
        drop(waker);
    }
}

impl<R> Unpin for ProgressWatch<R> {}

impl<R> fmt::Debug for ProgressWatch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressWatch")
            .field("operation", &self.inner.id)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
