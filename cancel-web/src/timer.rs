//! A sleep: an entry in the alarm of the thread that polls it.

use crate::alarm::{self, Key};
use crate::clock;
use cancel_core::{Instant, TimerError};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

/// A sleep on `setTimeout`: that of [`Web`](crate::Web).
///
/// It registers when it is first polled, and its drop deregisters it. All sleeps of a thread share one
/// timeout of the environment, for whichever is due first; when none is left, that is cleared.
///
/// Its output is an error only where there is no `setTimeout`, as in an audio worklet.
///
/// # Threads
///
/// A sleep is `Send`, for those who build with threads: it waits on the thread that polls it. Dropped
/// on another one, its entry stays until it is due, and wakes nobody who waits for something else.
///
/// # Cancel safety
///
/// May be dropped at any time, and moved between polls. Polled again after it was ready, it is
/// ready again.
///
/// # Examples
///
/// ```no_run
/// # async fn example() {
/// use cancel_web::{Timer, Web};
/// use std::time::Duration;
///
/// let deadline = Web.now() + Duration::from_millis(5);
/// Web.sleep_until(deadline).await.unwrap();
/// assert!(Web.now() >= deadline);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a sleep does nothing unless it is polled or awaited"]
pub struct Sleep {
    deadline: Instant,
    entry: Option<(ThreadId, Key)>,
}

impl Sleep {
    pub(crate) fn until(deadline: Instant) -> Self {
        Sleep {
            deadline,
            entry: None,
        }
    }

    /// Its entry in the alarm of this thread.
    fn here(&self) -> Option<Key> {
        let (home, key) = self.entry?;
        (home == thread::current().id()).then_some(key)
    }

    fn leave(&mut self) {
        if let Some(key) = self.here() {
            alarm::clear(key);
        }
        self.entry = None;
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.deadline == Instant::FAR_FUTURE {
            return Poll::Pending;
        }
        if clock::now() >= self.deadline {
            self.leave();
            return Poll::Ready(Ok(()));
        }
        let key = self.here().unwrap_or_else(|| alarm::key(self.deadline));
        self.entry = Some((thread::current().id(), key));
        match alarm::set(key, cx.waker()) {
            Ok(()) => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}
