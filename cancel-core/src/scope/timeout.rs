//! The timeout of a single future.

use crate::cause::Cancelled;
use crate::rt::{Timer, TimerError};
use crate::scope::source::{DeadlineSource, SaidLimit};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use futures_core::FusedFuture;
use pin_project_lite::pin_project;

/// A time limit for any future.
///
/// # Examples
///
/// ```
/// # use cancel_core::{Instant, Timer, TimerError};
/// # use std::time::Duration;
/// # struct Clock;
/// # impl Timer for Clock {
/// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
/// #     fn now(&self) -> Instant { Instant::EPOCH }
/// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
/// # }
/// use cancel_core::{Reason, TimeoutExt};
///
/// let slow = std::future::pending::<()>().timeout(&Clock, Duration::from_millis(5));
/// let cancelled = smol::block_on(slow).unwrap_err();
/// assert_eq!(cancelled.reason(), Reason::Timeout);
/// assert_eq!(cancelled.to_string(), "cancelled: timeout of 5ms");
/// ```
pub trait TimeoutExt: Future + Sized {
    /// Runs the future until it is ready or `timeout` is over, counted from this call, as `timer`
    /// tells it.
    ///
    /// Zero polls the future once. There is no upper bound.
    ///
    /// # Errors
    ///
    /// [`Cancelled`]: reason *timeout*, or *error* if the timer has failed. Where there is a heap, that of a
    /// timeout has the [limit](Cancelled::limit), in one allocation.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the future.
    ///
    /// # Fairness
    ///
    /// In a tie the future wins.
    ///
    /// # Examples
    ///
    /// See [`TimeoutExt`].
    fn timeout<R: Timer>(self, timer: &R, timeout: Duration) -> Timeout<Self, R::Sleep> {
        Timeout {
            running: Some(Limited {
                future: self,
                source: DeadlineSource::new(timer.sleep(timeout)),
                limit: SaidLimit::new(timeout),
            }),
        }
    }
}

impl<F: Future> TimeoutExt for F {}

pin_project! {
    /// A future and its limit.
    #[derive(Debug)]
    struct Limited<F, S> {
        #[pin]
        future: F,
        #[pin]
        source: DeadlineSource<S>,
        limit: SaidLimit,
    }
}

pin_project! {
    /// A future with a time limit. Made by [`TimeoutExt::timeout`].
    ///
    /// When it resolves, either way, it drops the future inside and the timer's sleep before it returns.
    /// It is `Unpin` if both of these are.
    ///
    /// # Panics
    ///
    /// If it is polled again after it has resolved. [`FusedFuture::is_terminated`] tells, so
    /// `futures::select!` takes it in a loop.
    ///
    /// # Examples
    ///
    /// See [`TimeoutExt`].
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Timeout<F, S> {
        // `None`: it has resolved.
        #[pin]
        running: Option<Limited<F, S>>,
    }
}

impl<F, S> Future for Timeout<F, S>
where
    F: Future,
    S: Future<Output = Result<(), TimerError>>,
{
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut running = self.project().running;
        let Some(limited) = running.as_mut().as_pin_mut() else {
            panic!("`Timeout` polled after it has resolved")
        };
        let limited = limited.project();
        let poll = match limited.future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => {
                let cause = limited.source.poll(cx);
                cause.map(|cause| Err(limited.limit.into_cause(cause).into()))
            }
        };
        if poll.is_ready() {
            running.set(None);
        }
        poll
    }
}

impl<F, S> FusedFuture for Timeout<F, S>
where
    F: Future,
    S: Future<Output = Result<(), TimerError>>,
{
    fn is_terminated(&self) -> bool {
        self.running.is_none()
    }
}
