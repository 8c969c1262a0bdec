//! Moments in time.

use core::fmt;
use core::ops::{Add, AddAssign, Sub, SubAssign};
use core::time::Duration;

/// A moment on the clock of a [`Timer`](crate::Timer).
///
/// It is stored as the time since the timer's *epoch*, so instants of one timer can be compared and
/// subtracted. Those of different timers can be, too, but the result means nothing. A length of time
/// is a [`Duration`].
///
/// The range is that of a [`Duration`]: from [`EPOCH`](Instant::EPOCH) to
/// [`FAR_FUTURE`](Instant::FAR_FUTURE), 584 thousand million years later. Operators stop at these two
/// instead of overflowing. Use [`checked_add`](Instant::checked_add) and
/// [`checked_duration_since`](Instant::checked_duration_since) to notice.
///
/// # Examples
///
/// ```
/// use cancel_core::Instant;
/// use std::time::Duration;
///
/// let now = Instant::from_epoch(Duration::from_secs(60)); // usually `timer.now()`
/// let deadline = now + Duration::from_secs(5);
/// assert!(deadline > now);
/// assert_eq!(deadline - now, Duration::from_secs(5));
/// assert_eq!(now - deadline, Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant {
    since_epoch: Duration,
}

impl Instant {
    /// The epoch of a timer: its earliest instant, and the default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    ///
    /// assert_eq!(Instant::EPOCH, Instant::default());
    /// ```
    pub const EPOCH: Instant = Instant::from_epoch(Duration::ZERO);

    /// The latest instant. No clock reaches it: a sleep until then never ends, and as a deadline it
    /// is the same as none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// let now = Instant::from_epoch(Duration::from_secs(60));
    /// assert_eq!(now + Duration::MAX, Instant::FAR_FUTURE);
    /// ```
    pub const FAR_FUTURE: Instant = Instant::from_epoch(Duration::MAX);

    /// Returns the instant that is `since_epoch` after the epoch. For implementations of
    /// [`Timer`](crate::Timer).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// let instant = Instant::from_epoch(Duration::from_millis(5));
    /// assert_eq!(instant.since_epoch(), Duration::from_millis(5));
    /// ```
    pub const fn from_epoch(since_epoch: Duration) -> Self {
        Instant { since_epoch }
    }

    /// Returns the time from the epoch to this instant.
    ///
    /// # Examples
    ///
    /// See [`from_epoch`](Instant::from_epoch).
    pub const fn since_epoch(self) -> Duration {
        self.since_epoch
    }

    /// Returns the instant that is `duration` later, or [`FAR_FUTURE`](Instant::FAR_FUTURE) if that is
    /// out of range. The same as `self + duration`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// let instant = Instant::EPOCH.saturating_add(Duration::from_secs(5));
    /// assert_eq!(instant, Instant::EPOCH + Duration::from_secs(5));
    /// assert_eq!(instant.saturating_add(Duration::MAX), Instant::FAR_FUTURE);
    /// ```
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Instant::from_epoch(self.since_epoch.saturating_add(duration))
    }

    /// Returns the instant that is `duration` later.
    ///
    /// # Returns
    ///
    /// `None` if that is out of range.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// assert!(Instant::EPOCH.checked_add(Duration::from_secs(5)).is_some());
    /// assert_eq!(Instant::FAR_FUTURE.checked_add(Duration::from_nanos(1)), None);
    /// ```
    pub const fn checked_add(self, duration: Duration) -> Option<Self> {
        match self.since_epoch.checked_add(duration) {
            Some(since_epoch) => Some(Instant { since_epoch }),
            None => None,
        }
    }

    /// Returns the instant that is `duration` earlier.
    ///
    /// # Returns
    ///
    /// `None` if that is before the epoch.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Instant::EPOCH.checked_sub(Duration::from_nanos(1)), None);
    /// ```
    pub const fn checked_sub(self, duration: Duration) -> Option<Self> {
        match self.since_epoch.checked_sub(duration) {
            Some(since_epoch) => Some(Instant { since_epoch }),
            None => None,
        }
    }

    /// Returns the time from `earlier` to this instant, or zero if `earlier` is the later one. The
    /// same as `self - earlier`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// let later = Instant::EPOCH + Duration::from_secs(5);
    /// assert_eq!(later.saturating_duration_since(Instant::EPOCH), Duration::from_secs(5));
    /// assert_eq!(Instant::EPOCH.saturating_duration_since(later), Duration::ZERO);
    /// ```
    pub const fn saturating_duration_since(self, earlier: Instant) -> Duration {
        self.since_epoch.saturating_sub(earlier.since_epoch)
    }

    /// Returns the time from `earlier` to this instant.
    ///
    /// # Returns
    ///
    /// `None` if `earlier` is the later one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Instant;
    /// use std::time::Duration;
    ///
    /// let later = Instant::EPOCH + Duration::from_secs(5);
    /// assert_eq!(later.checked_duration_since(later), Some(Duration::ZERO));
    /// assert_eq!(Instant::EPOCH.checked_duration_since(later), None);
    /// ```
    pub const fn checked_duration_since(self, earlier: Instant) -> Option<Duration> {
        self.since_epoch.checked_sub(earlier.since_epoch)
    }
}

/// Stops at [`FAR_FUTURE`](Instant::FAR_FUTURE).
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        self.saturating_add(duration)
    }
}

/// Stops at [`FAR_FUTURE`](Instant::FAR_FUTURE).
impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// Stops at [`EPOCH`](Instant::EPOCH).
impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant::from_epoch(self.since_epoch.saturating_sub(duration))
    }
}

/// Stops at [`EPOCH`](Instant::EPOCH).
impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// The time between two instants. Zero if the right one is later.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

/// The time since the epoch.
impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Instant::FAR_FUTURE {
            return f.write_str("Instant(FAR_FUTURE)");
        }
        f.debug_tuple("Instant").field(&self.since_epoch).finish()
    }
}

/// A moment that can be given as a deadline of work on the timer `R`.
///
/// That is an [`Instant`], an `Option` of one (`None` is no deadline), and the platform's own type where
/// the clock of `R` is the platform's: `std::time::Instant` for the timers of `cancel_std` and
/// `cancel_smol`, `tokio::time::Instant` for those of `cancel_tokio`, `embassy_time::Instant` for that of
/// `cancel_embassy`. A [`Duration`] is not: it does not say when to begin counting.
///
/// # Examples
///
/// ```
/// use cancel_core::{Deadline, Instant, IntoDeadline, Timer, TimerError};
/// use std::time::Duration;
///
/// /// Milliseconds of a machine.
/// #[derive(Clone, Copy)]
/// struct Millis(u64);
///
/// #[derive(Clone)]
/// struct Clock;
///
/// impl IntoDeadline<Clock> for Millis {
///     fn into_deadline(self) -> Option<Instant> {
///         Some(Instant::EPOCH + Duration::from_millis(self.0))
///     }
/// }
/// # impl Timer for Clock {
/// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
/// #     fn now(&self) -> Instant { Instant::EPOCH + Duration::from_secs(60) }
/// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
/// # }
///
/// let deadline = Deadline::new(Clock);
/// deadline.set_deadline(Millis(61_000));
/// assert_eq!(deadline.remaining(), Some(Duration::from_secs(1)));
/// deadline.set_deadline(None);
/// assert_eq!(deadline.remaining(), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a moment on the clock of `{R}`",
    label = "not a moment in time",
    note = "a `Duration` is a length of time: set a timeout instead of a deadline, or add it to `Timer::now()`",
    note = "moments are `cancel_core::Instant` and, where the clock is the platform's, its own `Instant`; \
            `None` takes the deadline away"
)]
pub trait IntoDeadline<R: ?Sized> {
    /// Returns the moment as the clock of `R` counts it, or `None` for no deadline.
    ///
    /// A moment before the epoch becomes [`Instant::EPOCH`], which has passed as well.
    ///
    /// # Examples
    ///
    /// See [`IntoDeadline`].
    fn into_deadline(self) -> Option<Instant>;
}

impl<R: ?Sized> IntoDeadline<R> for Instant {
    fn into_deadline(self) -> Option<Instant> {
        (self != Instant::FAR_FUTURE).then_some(self)
    }
}

impl<R: ?Sized> IntoDeadline<R> for Option<Instant> {
    fn into_deadline(self) -> Option<Instant> {
        self.and_then(IntoDeadline::<R>::into_deadline)
    }
}
