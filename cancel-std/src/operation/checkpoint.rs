//! How long work lets its cancelation through: between steps of computing, and in blocking sleeps.

use super::Runtime;
use super::base::{Cx, Operation};
use crate::threads::blocking::block_on;
use cancel_core::{Cancelled, Instant, TimerError};
use std::future::{Future, poll_fn};
use std::mem::replace;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

impl<R: Runtime> Cx<R> {
    /// A [`check`](Cx::check) that also gives way, once, to the other tasks of the executor and
    /// to the sources of this operation. For async code that computes for long between its awaits.
    ///
    /// If the operation is cancelled, or its deadline has passed, the body is dropped here. Where it
    /// is not (in a [grace period](crate::Cancelable::grace), in another task), this tells it. Costs two checks and one turn of the executor, as long as nothing happens.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the real cause, if the body goes on nevertheless.
    ///
    /// # Panics
    ///
    /// As [`check`](Cx::check).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5));
    /// let run = op.try_run(async |cx| -> Result<(), Cancelled> {
    ///     loop {
    ///         // ... a slice of the computation
    ///         cx.checkpoint().await?;
    ///     }
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    pub fn checkpoint(&self) -> impl Future<Output = Result<(), Cancelled>> + Send + use<'_, R> {
        let (mut yielded, mut seen) = (false, false);
        poll_fn(move |cx| {
            let checked = self.check();
            // What is new gives the runner a turn first, to drop the body.
            if replace(&mut seen, checked.is_err()) == checked.is_err() && yielded {
                return Poll::Ready(checked);
            }
            yielded = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }

    /// Blocks the thread for `duration`, counted from this call, or until the operation is cancelled
    /// or its effective deadline has passed.
    ///
    /// For [`run_blocking`](crate::Cancelable::run_blocking), [`run_in_thread`](Cx::run_in_thread) and
    /// threads that you start; in async code await [`sleep`](Cx::sleep) instead. Zero only checks;
    /// there is no upper bound. The time is that of the operation's runtime.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] as soon as the operation is: at once if it is beforehand. (The `Cx` of a shield and that
    /// of a cleanup are not cancelled with it.) If the timer fails, the operation, or the work in the shield, is
    /// cancelled with [`Reason::Error`](cancel_core::Reason::Error).
    ///
    /// # Panics
    ///
    /// As [`check`](Cx::check). On wasm without threads, where a thread cannot wait, if it would have
    /// to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().build();
    /// let handle = op.clone();
    /// std::thread::spawn(move || handle.cancel_with("wake up"));
    /// let slept = op.try_run_blocking(|cx| -> Result<(), Cancelled> {
    ///     cx.sleep_blocking(Duration::from_secs(3600))
    /// });
    /// assert_eq!(slept.unwrap_err().message(), Some("wake up"));
    /// ```
    pub fn sleep_blocking(&self, duration: Duration) -> Result<(), Cancelled> {
        self.scope.sleep_blocking(duration)
    }
}

impl<R: Runtime> Operation<R> {
    fn sleep_blocking(&self, duration: Duration) -> Result<(), Cancelled> {
        let until = self.inner.runtime.now() + duration;
        loop {
            self.check()?;
            if self.inner.runtime.now() >= until {
                return Ok(());
            }
            // The deadline itself, since its runner may be what is being blocked. It may move
            // meanwhile: hence the loop.
            let next = self.deadline().map_or(until, |at| at.min(until));
            if let Err(error) = block_on(self.cancelled_or(next)) {
                self.timer_failed(error);
            }
        }
    }

    async fn cancelled_or(&self, moment: Instant) -> Result<(), TimerError> {
        let mut cancelled = pin!(self.cancelled());
        let mut sleep = pin!(self.inner.runtime.sleep_until(moment));
        poll_fn(|cx| match cancelled.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending => sleep.as_mut().poll(cx),
        })
        .await
    }
}
