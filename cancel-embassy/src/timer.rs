//! Embassy's clock as a timer of the core.

use crate::ticks::{from_embassy, ticks_of, to_embassy};
use cancel_core::{DeadlineSource, Instant, IntoDeadline, Timer, TimerError};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

/// The clock of `embassy-time`.
///
/// Its epoch is that of embassy's `Instant`, usually the start of the program. It goes in ticks of
/// `1 / embassy_time::TICK_HZ` seconds.
///
/// # Examples
///
/// ```
/// use cancel_embassy::{Embassy, Reason, TimeoutExt, Timer};
/// use std::time::Duration;
///
/// embassy_futures::block_on(async {
///     let before = Embassy.now();
///     let late = core::future::pending::<()>().timeout(&Embassy, Duration::from_millis(5)).await;
///     assert_eq!(late.unwrap_err().reason(), Reason::Timeout);
///     assert!(Embassy.now() - before >= Duration::from_millis(5));
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Embassy;

impl Embassy {
    /// Converts an [`embassy_time::Instant`] to an instant of this timer. Where a deadline is asked for
    /// it can be given as it is. Rounds down to a nanosecond.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_embassy::{Deadline, Embassy};
    /// use embassy_time::{Duration, Instant};
    ///
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let deadline = Deadline::new(Embassy).until(at);
    /// assert_eq!(deadline.deadline(), Some(Embassy.instant(at)));
    /// ```
    pub fn instant(&self, at: embassy_time::Instant) -> Instant {
        from_embassy(at)
    }

    /// Converts an instant of this timer to an [`embassy_time::Instant`]: the first one that is not
    /// before it.
    ///
    /// # Returns
    ///
    /// `None` if embassy's ticks do not reach that far, as to [`Instant::FAR_FUTURE`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_embassy::{Embassy, Instant};
    /// use core::time::Duration;
    ///
    /// let at = embassy_time::Instant::from_millis(1500);
    /// assert_eq!(Embassy.to_embassy(Embassy.instant(at)), Some(at));
    /// let soon = Instant::EPOCH + Duration::from_nanos(1);
    /// assert_eq!(Embassy.to_embassy(soon), Some(embassy_time::Instant::from_ticks(1)));
    /// assert_eq!(Embassy.to_embassy(Instant::FAR_FUTURE), None);
    /// ```
    pub fn to_embassy(&self, at: Instant) -> Option<embassy_time::Instant> {
        to_embassy(at)
    }
}

/// Converted by [`Embassy::instant`].
impl IntoDeadline<Embassy> for embassy_time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(from_embassy(self))
    }
}

/// Deadlines are rounded up to the next tick: never early by this clock. Since the clock itself
/// stands still between ticks, another one may find a `sleep` shorter by less than a tick, as it is
/// with embassy's own `Timer::after`.
impl Timer for Embassy {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        from_embassy(embassy_time::Instant::now())
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep {
            until: to_embassy(deadline),
        }
    }

    /// (In ticks throughout: what the time is in seconds takes a division of 64 bits.)
    fn sleep(&self, duration: Duration) -> Sleep {
        let ticks = ticks_of(duration);
        Sleep {
            until: ticks.and_then(|ticks| embassy_time::Instant::now().checked_add(ticks)),
        }
    }
}

/// A sleep on embassy's clock: that of [`Embassy`].
///
/// Its output is always `Ok`. A deadline that has passed resolves at the first poll (embassy's own
/// `Timer` yields once). One too far away for the clock's ticks never does.
///
/// Embassy keeps, per task, only the nearest time at which it is to be woken. So whatever holds a
/// sleep has to poll it each time its task runs, as scopes, `join` and `select` do; and with
/// embassy's default queue it can be polled by embassy's tasks alone. A sleep that is dropped may
/// leave one wake-up too many behind, nothing else.
///
/// # Cancel safety
///
/// May be dropped at any time, and moved between polls. Polled again after it was ready, it is ready
/// again.
///
/// # Examples
///
/// ```
/// use cancel_embassy::{Embassy, Timer};
/// use std::time::Duration;
///
/// embassy_futures::block_on(async {
///     let deadline = Embassy.now() + Duration::from_millis(5);
///     Embassy.sleep_until(deadline).await.unwrap();
///     assert!(Embassy.now() >= deadline);
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "a sleep does nothing unless it is polled or awaited"]
pub struct Sleep {
    /// `None`: for ever.
    until: Option<embassy_time::Instant>,
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(until) = self.until else {
            return Poll::Pending;
        };
        if embassy_time::Instant::now() >= until {
            return Poll::Ready(Ok(()));
        }
        // A new one each time: at its first poll it enters the task, and is pending. If the moment
        // has come since, the driver wakes at once.
        let _ = Pin::new(&mut embassy_time::Timer::at(until)).poll(cx);
        Poll::Pending
    }
}

/// A source that fires at a moment of embassy's clock, with reason *timeout*.
///
/// # Examples
///
/// ```
/// use cancel_embassy::{Reason, Scope, Token, deadline_at};
/// use embassy_time::{Duration, Instant};
///
/// let token = Token::new();
/// let at = Instant::now() + Duration::from_millis(5);
/// let run = Scope::new(&token, core::future::pending::<()>()).source(deadline_at(at));
/// assert_eq!(embassy_futures::block_on(run).unwrap_err().reason(), Reason::Timeout);
/// assert!(Instant::now() >= at);
/// ```
pub fn deadline_at(at: embassy_time::Instant) -> DeadlineSource<Sleep> {
    DeadlineSource::new(Sleep { until: Some(at) })
}

/// A source that fires after a time, counted from this call, with reason *timeout*.
///
/// Zero fires at the first poll; a time beyond the end of embassy's clock never fires.
///
/// # Examples
///
/// ```
/// use cancel_embassy::{Reason, Scope, Token, deadline_after};
/// use embassy_time::Duration;
///
/// let token = Token::new();
/// let run = Scope::new(&token, core::future::pending::<()>())
///     .source(deadline_after(Duration::MAX))
///     .source(deadline_after(Duration::from_millis(5)));
/// assert_eq!(embassy_futures::block_on(run).unwrap_err().reason(), Reason::Timeout);
/// ```
pub fn deadline_after(time: embassy_time::Duration) -> DeadlineSource<Sleep> {
    DeadlineSource::new(Sleep {
        until: embassy_time::Instant::now().checked_add(time),
    })
}
