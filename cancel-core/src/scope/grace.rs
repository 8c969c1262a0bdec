//! Grace periods, and what runs at the very end of a scope.

use crate::rt::{Timer, TimerError};
use core::future::{Future, Pending, Ready};
use core::time::Duration;

/// How long a cancelled [`Scope`](crate::Scope) lets its body go on.
///
/// [`GracePeriod`] and [`NoGrace`] are what [`Scope::grace`](crate::Scope::grace) and its absence
/// use. Layers that know the time only when the body is cancelled implement it themselves.
///
/// # Examples
///
/// ```
/// use cancel_core::{Grace, NoGrace};
///
/// assert!(NoGrace.begin().is_none());
/// ```
pub trait Grace {
    /// Ends when the period is over. An error counts as its end, too.
    type Sleep: Future<Output = Result<(), TimerError>>;

    /// Called once, when the cancelation is seen. `None`: no grace.
    fn begin(&mut self) -> Option<Self::Sleep>;

    /// Whether [`begin`](Grace::begin) may give a period. If so, the scopes around this one, once
    /// cancelled, wait for it to end; asked once, when the body begins.
    fn is_possible(&self) -> bool {
        true
    }
}

/// The body is dropped at once.
///
/// # Examples
///
/// ```
/// use cancel_core::{Grace, NoGrace};
///
/// assert!(NoGrace.begin().is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoGrace;

impl Grace for NoGrace {
    type Sleep = Pending<Result<(), TimerError>>;

    fn begin(&mut self) -> Option<Self::Sleep> {
        None
    }

    fn is_possible(&self) -> bool {
        false
    }
}

/// The body may go on for a time, as told by a timer.
///
/// # Examples
///
/// ```
/// use cancel_core::{Grace, GracePeriod};
/// use std::time::Duration;
/// # use cancel_core::{Instant, Timer, TimerError};
/// # struct Clock;
/// # impl Timer for Clock {
/// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
/// #     fn now(&self) -> Instant { Instant::EPOCH }
/// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
/// # }
///
/// let mut grace = GracePeriod::new(Clock, Duration::from_millis(5));
/// assert!(grace.begin().is_some());
/// assert!(GracePeriod::new(Clock, Duration::ZERO).begin().is_none());
/// ```
#[derive(Clone, Debug)]
pub struct GracePeriod<R> {
    timer: R,
    period: Duration,
}

impl<R: Timer> GracePeriod<R> {
    /// A period on this timer. Zero is none.
    ///
    /// # Examples
    ///
    /// See [`GracePeriod`].
    pub fn new(timer: R, period: Duration) -> Self {
        GracePeriod { timer, period }
    }
}

impl<R: Timer> Grace for GracePeriod<R> {
    type Sleep = R::Sleep;

    fn begin(&mut self) -> Option<R::Sleep> {
        self.is_possible().then(|| self.timer.sleep(self.period))
    }

    fn is_possible(&self) -> bool {
        !self.period.is_zero()
    }
}

/// What a [`Scope`](crate::Scope) runs at its end, whatever the outcome.
///
/// Closures that return a future are, `async || …` among them.
///
/// # Examples
///
/// ```
/// use cancel_core::{Cleanup, NoCleanup};
///
/// assert!((async || println!("closed")).start().is_some());
/// assert!(NoCleanup.start().is_none());
/// ```
pub trait Cleanup {
    /// Polled to its end after the body, and never cancelled.
    type Work: Future<Output = ()>;

    /// Called when the body is over and has been dropped. `None`: nothing to do.
    fn start(self) -> Option<Self::Work>;

    /// Whether [`start`](Cleanup::start) may give something to do. If so, the scopes around this
    /// one, once cancelled, wait for it to end; asked once, when the body begins.
    fn is_possible(&self) -> bool {
        true
    }
}

impl<F, W> Cleanup for F
where
    F: FnOnce() -> W,
    W: Future<Output = ()>,
{
    type Work = W;

    fn start(self) -> Option<W> {
        Some(self())
    }
}

/// Nothing to do at the end.
///
/// # Examples
///
/// ```
/// use cancel_core::{Cleanup, NoCleanup};
///
/// assert!(NoCleanup.start().is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoCleanup;

impl Cleanup for NoCleanup {
    type Work = Ready<()>;

    fn start(self) -> Option<Ready<()>> {
        None
    }

    fn is_possible(&self) -> bool {
        false
    }
}

/// Something to do, or nothing, as is known only when the program runs.
impl<C: Cleanup> Cleanup for Option<C> {
    type Work = C::Work;

    fn start(self) -> Option<C::Work> {
        self?.start()
    }

    fn is_possible(&self) -> bool {
        self.as_ref().is_some_and(C::is_possible)
    }
}
