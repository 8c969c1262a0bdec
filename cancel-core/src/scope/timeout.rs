//! Timeouts without a scope: of a single future, and as a token.

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::rt::{Timer, TimerError};
use crate::scope::source::DeadlineSource;
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
/// assert_eq!(smol::block_on(slow).unwrap_err().reason(), Reason::Timeout);
/// ```
pub trait TimeoutExt: Future + Sized {
    /// Runs the future until it is ready or `timeout` is over, counted from this call, as `timer`
    /// tells it.
    ///
    /// Zero polls the future once. There is no upper bound.
    ///
    /// # Errors
    ///
    /// [`Cancelled`]: reason *timeout*, or *error* if the timer has failed.
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
            Poll::Pending => limited
                .source
                .poll(cx)
                .map(|cause: Cause| Err(cause.into())),
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

#[cfg(feature = "alloc")]
pub use token::TimeoutToken;

#[cfg(feature = "alloc")]
mod token {
    use crate::rt::{Spawn, SpawnError, Timer};
    use crate::scope::source::DeadlineSource;
    use crate::token::CancelFutureExt;
    use crate::token::CancelToken;
    use crate::token::DropGuard;
    use core::ops::Deref;
    use core::time::Duration;

    impl CancelToken {
        /// A token that cancels itself after `timeout`, with reason *timeout*, unless somebody does
        /// so before. For interfaces that take a token; where a body is run, a scope or an operation
        /// with a timeout is cheaper.
        ///
        /// A task on `runtime` keeps the time. It ends with the result of this call, at the latest.
        ///
        /// # Errors
        ///
        /// [`SpawnError`] if the runtime takes no tasks.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::{CancelToken, Instant, Reason, Spawn, SpawnError, Timer, TimerError};
        /// use std::time::Duration;
        /// # #[derive(Clone)]
        /// # struct Runtime;
        /// # impl Timer for Runtime {
        /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
        /// #     fn now(&self) -> Instant { Instant::EPOCH }
        /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
        /// # }
        /// # impl Spawn for Runtime {
        /// #     fn spawn<F: Future<Output = ()> + Send + 'static>(&self, f: F)
        /// #         -> Result<(), SpawnError> { smol::block_on(f); Ok(()) }
        /// # }
        ///
        /// let token = CancelToken::with_timeout(&Runtime, Duration::from_millis(5))?;
        /// assert_eq!(smol::block_on(token.cancelled()).reason(), Reason::Timeout);
        /// # Ok::<(), SpawnError>(())
        /// ```
        pub fn with_timeout<R>(runtime: &R, timeout: Duration) -> Result<TimeoutToken, SpawnError>
        where
            R: Timer<Sleep: Send + 'static> + Spawn,
        {
            let token = CancelToken::new();
            let stop = CancelToken::new();
            let late = DeadlineSource::new(runtime.sleep(timeout));
            let (theirs, stopped) = (token.clone(), stop.clone());
            runtime.spawn(async move {
                let cancelled = theirs.clone();
                let either = late.until_cancelled(&stopped).until_cancelled(&cancelled);
                if let Ok(Ok(cause)) = either.await {
                    theirs.cancel_with(cause);
                }
            })?;
            Ok(TimeoutToken {
                token,
                _task: stop.drop_guard(),
            })
        }
    }

    /// A token that cancels itself after a time, made by [`CancelToken::with_timeout`].
    ///
    /// Dropping it ends the time keeping; clones of the token inside stay what they are.
    ///
    /// # Examples
    ///
    /// See [`CancelToken::with_timeout`].
    #[derive(Debug)]
    pub struct TimeoutToken {
        token: CancelToken,
        _task: DropGuard<CancelToken>,
    }

    impl crate::token::AsToken for TimeoutToken {
        fn as_token(&self) -> crate::token::Lent<&crate::token::Token> {
            self.token.as_token()
        }
    }

    impl Deref for TimeoutToken {
        type Target = CancelToken;

        fn deref(&self) -> &CancelToken {
            &self.token
        }
    }
}
