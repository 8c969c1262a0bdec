//! Tokio's timers, which panic where ours have to answer with an error.

use crate::clock;
use cancel_core::{Instant, TimerError};
use pin_project_lite::pin_project;
use std::fmt;
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;
use tokio::task::coop::{poll_proceed, unconstrained};
use tokio::time::sleep_until;

const NO_RUNTIME: TimerError = TimerError::new("there is no tokio runtime on this thread");
const NO_TIMERS: TimerError = TimerError::new("the tokio runtime was built without `enable_time`");
const SHUT_DOWN: TimerError = TimerError::new("the tokio runtime is shut down");

pin_project! {
    /// A sleep on a tokio runtime's timer: that of [`Tokio`](crate::Tokio) and [`On`](crate::On).
    ///
    /// It takes the runtime in which it is made, or else the one in which it is first polled; from then
    /// on it can be polled anywhere. It registers at its first poll, and its drop deregisters it. One
    /// that is too far away for the clock never ends. Polled again after it was ready, it is so again.
    ///
    /// It does not use up tokio's budget for the polls of a task, nor wait for more: a timeout has to be
    /// heard beside a body that uses it up. Only one that is over when it is made gives way, once, if the
    /// budget is used up: a loop over sleeps of no length starves nobody.
    ///
    /// Its output is an error if there is no runtime, if that has no timers, or is shut down. (Tokio
    /// panics in the last two cases. That is contained, but the panic hook reports it; with
    /// `panic = "abort"` it ends the program.)
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{Timer, Tokio};
    /// use std::time::Duration;
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// runtime.block_on(async {
    ///     let deadline = Tokio.now() + Duration::from_millis(5);
    ///     Tokio.sleep_until(deadline).await.unwrap();
    ///     assert!(Tokio.now() >= deadline);
    /// });
    /// let nowhere = Tokio.sleep(Duration::from_secs(1));
    /// let error = smol::block_on(nowhere).unwrap_err();
    /// assert_eq!(error.description(), "there is no tokio runtime on this thread");
    /// ```
    #[must_use = "a sleep does nothing unless it is polled or awaited"]
    pub struct Sleep {
        deadline: Instant,
        #[pin]
        timer: Option<tokio::time::Sleep>,
        result: Option<Result<(), TimerError>>,
        may_give_way: bool,
    }
}

impl Sleep {
    /// On the runtime of this thread, if there is one.
    pub(crate) fn until(deadline: Instant) -> Self {
        let (timer, result) = match is_over(deadline) {
            true => (None, Some(Ok(()))),
            false => match timer(deadline) {
                Some(Ok(timer)) => (Some(timer), None),
                Some(Err(error)) => (None, Some(Err(error))),
                None => (None, None),
            },
        };
        Sleep {
            deadline,
            timer,
            result,
            may_give_way: result == Some(Ok(())),
        }
    }
}

/// Of a sleep that is not over yet. `None`: there is no runtime, or there need not be one.
fn timer(deadline: Instant) -> Option<Result<tokio::time::Sleep, TimerError>> {
    let at = clock::to_tokio(deadline)?;
    Handle::try_current().ok()?;
    Some(catch_unwind(|| sleep_until(at)).map_err(|_| NO_TIMERS))
}

/// Whether it is over already, by the clock of the runtime on this thread. (Tokio's own sleeps are
/// over a tick later.)
fn is_over(deadline: Instant) -> bool {
    Handle::try_current().is_ok() && clock::now() >= deadline
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(result) = *this.result {
            // (Once: there may never be any budget left here.)
            if replace(this.may_give_way, false) {
                ready!(poll_proceed(cx)).made_progress();
            }
            return Poll::Ready(result);
        }
        if this.timer.is_none() {
            if clock::to_tokio(*this.deadline).is_none() {
                return Poll::Pending;
            }
            match timer(*this.deadline) {
                Some(Ok(timer)) => this.timer.set(Some(timer)),
                Some(Err(error)) => *this.result = Some(Err(error)),
                None if clock::now() >= *this.deadline => *this.result = Some(Ok(())),
                None => *this.result = Some(Err(NO_RUNTIME)),
            }
        }
        if let Some(timer) = this.timer.as_mut().as_pin_mut() {
            let polled = AssertUnwindSafe(|| Pin::new(&mut unconstrained(timer)).poll(cx));
            *this.result = Some(match catch_unwind(polled) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => Ok(()),
                Err(_) => Err(SHUT_DOWN),
            });
            this.timer.set(None);
        }
        this.result.map_or(Poll::Pending, Poll::Ready)
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}
