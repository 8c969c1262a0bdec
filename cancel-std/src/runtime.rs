//! The runtime of this crate, as far as it has one: a name for its timer and its background thread.

use crate::threads::background;
use crate::threads::pool;
use crate::time::clock;
use crate::time::timer::{self, Sleep};
use cancel_core::{Instant, IntoDeadline, Spawn, SpawnError, Timer};
use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;

/// The runtime that needs no executor: the timer and the background thread of this crate.
///
/// Its sleeps can be awaited under any executor, or under a bare `block_on`. Its tasks run on one
/// thread of their own, whatever executor there is besides.
///
/// Neither thread exists before something needs it, and none ever ends: at process exit they are
/// simply gone. Neither survives a `fork` without `exec` in the child.
///
/// # Panics
///
/// On `wasm32-unknown-unknown`, which has neither clock nor threads, asking for the time does. In browsers
/// and Node take the runtime of `cancel-web`.
///
/// # Examples
///
/// ```
/// use cancel_std::{Spawn, Std, Timer};
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (send, receive) = mpsc::channel();
/// Std.spawn(async move {
///     Std.sleep(Duration::from_millis(5)).await.unwrap();
///     send.send("slept").unwrap();
/// })
/// .unwrap();
/// assert_eq!(receive.recv(), Ok("slept"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Std;

impl Std {
    /// How many wakers and background tasks have panicked on this crate's threads so far, in the
    /// whole process.
    ///
    /// Such panics go no further, since there is nobody to tell: the panic hook has reported each,
    /// and the thread goes on with the others. It is zero in a program without defects.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Spawn, Std};
    ///
    /// let before = Std.panics();
    /// Std.spawn(async { panic!("reported by the panic hook") }).unwrap();
    /// while Std.panics() == before {
    ///     std::thread::yield_now();
    /// }
    /// ```
    pub fn panics(&self) -> usize {
        timer::panics() + background::panics()
    }

    /// Sets how many threads the pool for blocking work has at most, in the whole process: that of
    /// [conditions](crate::Condition) and [`run_in_thread`](crate::Cx::run_in_thread). 500 if nobody does.
    ///
    /// Threads that there are beyond the limit end when they have nothing to do for a while.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    ///
    /// cancel_std::Std.set_max_blocking_threads(NonZeroUsize::new(8).unwrap());
    /// ```
    pub fn set_max_blocking_threads(&self, limit: NonZeroUsize) {
        pool::set_limit(limit);
    }

    /// Converts a [`std::time::Instant`] to an instant of this clock. Where a deadline is asked for it
    /// can be given as it is.
    ///
    /// One that is before the epoch becomes [`Instant::EPOCH`]. The epoch is the moment when something
    /// in the process first asked for the time, so that has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std};
    /// use std::time::{Duration, Instant};
    ///
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let op = Cancelable::with_deadline(at).build();
    /// assert_eq!(op.deadline(), Some(Std.instant(at)));
    /// ```
    pub fn instant(&self, at: std::time::Instant) -> Instant {
        clock::from_std(at)
    }

    /// Converts an instant of this clock to a [`std::time::Instant`].
    ///
    /// # Returns
    ///
    /// `None` if it is too far away for the system's clock, as [`Instant::FAR_FUTURE`] is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Instant, Std};
    ///
    /// let at = std::time::Instant::now() + std::time::Duration::from_secs(5);
    /// assert_eq!(Std.to_std(Std.instant(at)), Some(at));
    /// assert_eq!(Std.to_std(Instant::FAR_FUTURE), None);
    /// ```
    pub fn to_std(&self, at: Instant) -> Option<std::time::Instant> {
        clock::to_std(at)
    }
}

/// Converted by [`Std::instant`].
impl IntoDeadline<Std> for std::time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(clock::from_std(self))
    }
}

/// The clock is that of [`std::time::Instant`], counted from the moment when something in the
/// process first asked for it.
///
/// # Examples
///
/// ```
/// use cancel_std::{Std, Timer};
/// use std::time::Duration;
///
/// let deadline = Std.now() + Duration::from_millis(5);
/// smol::block_on(Std.sleep_until(deadline)).unwrap();
/// assert!(Std.now() >= deadline);
/// ```
impl Timer for Std {
    type Sleep = Sleep;

    #[inline]
    fn now(&self) -> Instant {
        clock::now()
    }

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline)
    }

    #[inline]
    fn sleep(&self, duration: Duration) -> Sleep {
        let now = clock::now();
        Sleep::between(now, now + duration)
    }

    #[inline]
    fn sleep_from(&self, now: Instant, deadline: Instant) -> Sleep {
        Sleep::between(now, deadline)
    }

    fn unix_time_of_epoch(&self) -> Option<Duration> {
        clock::unix_time_of_epoch()
    }
}

/// Tasks share one thread, `cancel-background`, which the first of them starts. They take turns
/// in the order in which they are woken: one that blocks holds up all others. A task that panics, in
/// a poll or in its drop, is dropped, and the others go on. One that nobody can wake any more is
/// dropped, too.
///
/// # Errors
///
/// [`SpawnError`] if the thread cannot be started; the future has been dropped then. The next call
/// tries again.
///
/// # Examples
///
/// ```
/// use cancel_std::{Spawn, Std};
/// use std::sync::mpsc;
///
/// let (send, receive) = mpsc::channel();
/// Std.spawn(async move { send.send(std::thread::current().name().map(String::from)).unwrap() })
///     .unwrap();
/// assert_eq!(receive.recv().unwrap().as_deref(), Some("cancel-background"));
/// ```
impl Spawn for Std {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        background::spawn(future)
    }
}
