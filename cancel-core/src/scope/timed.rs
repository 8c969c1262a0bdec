//! Tokens with a time limit.

use crate::cause::{Cause, Reason};
use crate::rt::{Instant, Spawn, SpawnError, Timer};
use crate::scope::source::{DeadlineSource, SaidLimit};
use crate::token::CancelFutureExt;
use crate::token::CancelToken;
use core::time::Duration;

impl CancelToken {
    /// Creates a token that is cancelled after `timeout`.
    ///
    /// It is a token like any other: see [`cancel_after`](CancelToken::cancel_after) for what keeps the
    /// time, the reason, and the limits of `timeout`.
    ///
    /// For interfaces that take a token. Where a body is run, a scope or an operation with a timeout is
    /// cheaper.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the runtime takes no tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cancel_core::{Instant, Spawn, SpawnError, Timer, TimerError};
    /// # use std::time::Duration;
    /// # struct Runtime;
    /// # impl Timer for Runtime {
    /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
    /// # }
    /// # impl Spawn for Runtime {
    /// #     fn spawn<F: Future<Output = ()> + Send + 'static>(&self, f: F)
    /// #         -> Result<(), SpawnError> { smol::spawn(f).detach(); Ok(()) }
    /// # }
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let token = CancelToken::with_timeout(&Runtime, Duration::from_millis(5))?;
    /// let cancelled = smol::block_on(token.cancelled());
    /// assert_eq!(cancelled.reason(), Reason::Timeout);
    /// assert_eq!(cancelled.to_string(), "cancelled: timeout of 5ms");
    /// # Ok::<(), SpawnError>(())
    /// ```
    pub fn with_timeout<R>(runtime: &R, timeout: Duration) -> Result<CancelToken, SpawnError>
    where
        R: Timer<Sleep: Send + 'static> + Spawn,
    {
        let token = CancelToken::new();
        token.cancel_after(runtime, timeout)?;
        Ok(token)
    }

    /// Creates a [`child`](CancelToken::child) that is also cancelled after `timeout`, as
    /// [`cancel_after`](CancelToken::cancel_after) does it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the runtime takes no tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cancel_core::{Instant, Spawn, SpawnError, Timer, TimerError};
    /// # use std::time::Duration;
    /// # struct Runtime;
    /// # impl Timer for Runtime {
    /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
    /// # }
    /// # impl Spawn for Runtime {
    /// #     fn spawn<F: Future<Output = ()> + Send + 'static>(&self, f: F)
    /// #         -> Result<(), SpawnError> { smol::spawn(f).detach(); Ok(()) }
    /// # }
    /// use cancel_core::CancelToken;
    ///
    /// let request = CancelToken::new();
    /// let query = request.child_with_timeout(&Runtime, Duration::from_millis(5))?;
    /// smol::block_on(query.cancelled());
    /// assert!(!request.is_cancelled());
    /// # Ok::<(), SpawnError>(())
    /// ```
    pub fn child_with_timeout<R>(
        &self,
        runtime: &R,
        timeout: Duration,
    ) -> Result<CancelToken, SpawnError>
    where
        R: Timer<Sleep: Send + 'static> + Spawn,
    {
        let token = self.child();
        token.cancel_after(runtime, timeout)?;
        Ok(token)
    }

    /// Cancels the token `timeout` from now, unless that happens before. Replaces the limit that it has.
    ///
    /// Every handle of the token may do so, at any time. The reason is [`Reason::Timeout`], and the cause
    /// has the [limit](crate::Cancelled::limit); if the timer fails, it is [`Reason::Error`].
    ///
    /// Zero cancels the token before this returns. A moment beyond [`Instant::FAR_FUTURE`] is no limit. On a
    /// token that is cancelled nothing happens.
    ///
    /// A task on `runtime` keeps the time; each call makes a new one, since the times of two runtimes
    /// cannot be compared. It does not keep the token. It ends, and gives up its sleep, when the token is
    /// cancelled, its last handle is dropped, or another limit is set. If the runtime drops it before, the
    /// token is not cancelled by time any more. A limit that has run out already may still cancel the
    /// token, if its task is at that.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the runtime takes no tasks: the token has no limit then.
    ///
    /// # Panics
    ///
    /// If the waker of the task of the limit before panics. For zero, as [`cancel`](crate::Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// # use cancel_core::{Instant, Spawn, SpawnError, Timer, TimerError};
    /// # use std::time::Duration;
    /// # struct Runtime;
    /// # impl Timer for Runtime {
    /// #     type Sleep = std::future::Pending<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::pending() }
    /// # }
    /// # impl Spawn for Runtime {
    /// #     fn spawn<F: Future<Output = ()> + Send + 'static>(&self, f: F)
    /// #         -> Result<(), SpawnError> { smol::spawn(f).detach(); Ok(()) }
    /// # }
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// token.cancel_after(&Runtime, Duration::from_secs(60))?;
    /// assert_eq!(token.deadline(), Some(Runtime.now() + Duration::from_secs(60)));
    /// token.cancel_after(&Runtime, Duration::from_secs(90))?; // instead
    /// assert_eq!(token.deadline(), Some(Runtime.now() + Duration::from_secs(90)));
    /// token.clear_timeout();
    /// assert_eq!(token.deadline(), None);
    /// # Ok::<(), SpawnError>(())
    /// ```
    pub fn cancel_after<R>(&self, runtime: &R, timeout: Duration) -> Result<(), SpawnError>
    where
        R: Timer<Sleep: Send + 'static> + Spawn,
    {
        if self.is_cancelled() || !self.may_be_cancelled() {
            return Ok(());
        }
        if timeout.is_zero() {
            self.cancel_with(Cause::new(Reason::Timeout).with_limit(timeout));
            return Ok(());
        }
        let now = runtime.now();
        let at = match now.checked_add(timeout) {
            Some(at) if at != Instant::FAR_FUTURE => at,
            _ => {
                self.clear_timeout();
                return Ok(());
            }
        };
        let limit = SaidLimit::new(timeout);
        let late = DeadlineSource::new(runtime.sleep_from(now, at));
        let alarm = self.arm(at);
        let due = alarm.clone();
        // The future of the task: it has no handle of the token.
        let keep = async move {
            let Ok(cause) = late.until_cancelled_owned(due.clone()).await else {
                return;
            };
            if let Some(token) = due.due() {
                token.cancel_with(limit.into_cause(cause));
            }
        };
        let spawned = runtime.spawn(keep);
        if spawned.is_err() {
            self.disarm(&alarm);
        }
        spawned
    }
}
