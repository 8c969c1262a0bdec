//! Telling the time, and waiting for it.

use crate::rt::instant::Instant;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::time::Duration;

/// A clock that futures can wait for.
///
/// Moments are [`Instant`]s, counted from the timer's own *epoch*. The epoch is the same for a value
/// and its clones. (For the clock of a process it is the same for every value of the type; each
/// virtual clock of a test has its own.)
///
/// # Contract
///
/// * [`now`](Timer::now) is monotonic and can be called from any thread.
/// * A sleep never resolves with `Ok` before its deadline, nor before one with an earlier deadline.
///   How much later it may be is the implementation's to document.
/// * A sleep that is pending wakes the waker of its last poll, whatever kind of waker that is. Wakers
///   are woken, cloned and dropped with no lock held: what they do may come back to the timer.
/// * Dropping a sleep takes its entry out of the timer, and its waker with it.
/// * A timer that cannot keep its promise any more (its thread died, its driver is gone) resolves
///   the sleep with [`TimerError`] instead of leaving it pending for ever.
///
/// The project's conformance suite, `tests/conformance`, asks for all of that, one case each.
///
/// # Examples
///
/// A timer for programs that poll in a loop:
///
/// ```
/// use cancel_core::{Instant, Timer, TimerError};
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::sync::OnceLock;
/// use std::task::{Context, Poll};
/// use std::time::Duration;
///
/// #[derive(Clone, Copy, Debug, Default)]
/// struct Busy;
///
/// struct BusySleep(Instant);
///
/// impl Future for BusySleep {
///     type Output = Result<(), TimerError>;
///     fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
///         if Busy.now() >= self.0 {
///             return Poll::Ready(Ok(()));
///         }
///         cx.waker().wake_by_ref();
///         Poll::Pending
///     }
/// }
///
/// impl Timer for Busy {
///     type Sleep = BusySleep;
///     fn now(&self) -> Instant {
///         static EPOCH: OnceLock<std::time::Instant> = OnceLock::new();
///         Instant::from_epoch(EPOCH.get_or_init(std::time::Instant::now).elapsed())
///     }
///     fn sleep_until(&self, deadline: Instant) -> BusySleep {
///         BusySleep(deadline)
///     }
/// }
///
/// smol::block_on(async {
///     let before = Busy.now();
///     Busy.sleep(Duration::from_millis(5)).await.unwrap();
///     assert!(Busy.now() - before >= Duration::from_millis(5));
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell the time",
    note = "use the runtime type of an adapter, for example `cancel_std::Std` or `cancel_smol::Smol`, \
            or implement `cancel_core::Timer` for your own"
)]
pub trait Timer {
    /// The future of a sleep. Its output is an error if the timer has stopped working.
    type Sleep: Future<Output = Result<(), TimerError>>;

    /// Returns the current moment.
    fn now(&self) -> Instant;

    /// Returns a future that resolves once [`now`](Timer::now) has reached `deadline`.
    ///
    /// A deadline that has passed resolves at the first poll (a runtime that counts the polls of a
    /// task may let others go first, once). One too far away to be reached, among them
    /// [`Instant::FAR_FUTURE`], never resolves. Nothing needs to happen before the first poll.
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep;

    /// Returns a future that resolves after `duration`, counted from this call.
    ///
    /// Zero resolves at the first poll. A sum beyond [`Instant::FAR_FUTURE`] never resolves.
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Returns [`sleep_until(deadline)`](Timer::sleep_until), for a caller that already knows the
    /// current time: `now` is what the clock has just said.
    ///
    /// Timers whose clock takes a while to read need not read it again. A sleep that has become due
    /// since `now` may be pending at its first poll, and is woken at once then.
    fn sleep_from(&self, now: Instant, deadline: Instant) -> Self::Sleep {
        let _ = now;
        self.sleep_until(deadline)
    }

    /// Returns how long after 1970-01-01 00:00 UTC the timer's epoch was, by the wall clock of then. `None`:
    /// there is no wall clock, or nobody has asked it.
    ///
    /// This is what turns an [`Instant`] into a date, for logs and for people. It is the same for as long as the
    /// timer lives, so dates keep their distances, and their order, also if somebody sets the wall clock
    /// meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Instant, Timer, TimerError};
    /// use std::future::{Pending, pending};
    /// use std::time::{Duration, SystemTime};
    ///
    /// /// One of a board that was told the date when it was switched on, at the beginning of 2026.
    /// struct Clock;
    ///
    /// impl Timer for Clock {
    ///     type Sleep = Pending<Result<(), TimerError>>;
    ///     fn now(&self) -> Instant {
    ///         Instant::from_epoch(Duration::from_secs(60))
    ///     }
    ///     fn sleep_until(&self, _: Instant) -> Self::Sleep {
    ///         pending()
    ///     }
    ///     fn unix_time_of_epoch(&self) -> Option<Duration> {
    ///         Some(Duration::from_secs(1_767_225_600))
    ///     }
    /// }
    ///
    /// let since_1970 = Clock.unix_time_of_epoch().unwrap() + Clock.now().since_epoch();
    /// println!("{:?}", SystemTime::UNIX_EPOCH + since_1970); // 2026-01-01, one minute past midnight
    /// assert_eq!(since_1970.as_secs(), 1_767_225_660);
    /// ```
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        None
    }

    /// Returns where the runtime's work that blocks is done, and who is told of it. `None`: anywhere.
    #[cfg(feature = "alloc")]
    #[doc(hidden)]
    fn workplace(&self) -> Option<Box<dyn Workplace>> {
        None
    }
}

impl<T: Timer + ?Sized> Timer for &T {
    type Sleep = T::Sleep;
    fn now(&self) -> Instant {
        (**self).now()
    }
    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        (**self).sleep_until(deadline)
    }
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
    fn sleep_from(&self, now: Instant, deadline: Instant) -> Self::Sleep {
        (**self).sleep_from(now, deadline)
    }
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        (**self).unix_time_of_epoch()
    }
    #[cfg(feature = "alloc")]
    fn workplace(&self) -> Option<Box<dyn Workplace>> {
        (**self).workplace()
    }
}

/// The part of a runtime that is concerned with work which blocks a thread.
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub trait Workplace: Send + Sync {
    /// Tells it that a thread begins to work for something that waits for the timer. A virtual clock does
    /// not move by itself until [`end`](Workplace::end), which is called once for each call of this one,
    /// possibly on another thread.
    fn begin(&self);

    /// See [`begin`](Workplace::begin).
    fn end(&self);

    /// Calls `work` once on a thread where it may block. `work` is dropped if the runtime is shut down first.
    ///
    /// # Errors
    ///
    /// Work for another thread, if the runtime has none for it.
    fn run(&self, work: Box<dyn FnOnce() + Send>) -> Result<(), Box<dyn FnOnce() + Send>> {
        Err(work)
    }
}

/// A timer stopped working while something waited for it.
///
/// # Examples
///
/// ```
/// use cancel_core::TimerError;
///
/// assert_eq!(TimerError::new("driver gone").to_string(), "timer failed: driver gone");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerError {
    why: &'static str,
}

impl TimerError {
    /// Creates an error with a short description of what happened to the timer.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::TimerError::new("no thread");
    /// assert_eq!(error.description(), "no thread");
    /// ```
    pub const fn new(why: &'static str) -> Self {
        TimerError { why }
    }

    /// Returns the description given to [`new`](TimerError::new).
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::TimerError::new("no thread");
    /// assert_eq!(error.description(), "no thread");
    /// ```
    pub const fn description(&self) -> &'static str {
        self.why
    }
}

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer failed: {}", self.why)
    }
}

impl core::error::Error for TimerError {}
