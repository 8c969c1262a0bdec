//! What the library asks of a runtime: to tell and wait for the time, and to run tasks.
//!
//! Traits only. Nothing here is boxed or global, so an adapter for an executor is a unit struct
//! and some thirty lines.

use core::fmt;
use core::future::Future;
use core::time::Duration;

/// A clock that futures can wait for.
///
/// Times are [`Duration`]s since the timer's own *epoch*, an arbitrary moment that is the same for a
/// value and its clones. (For the clock of a process it is the same for every value of the type; each
/// virtual clock of a test has one of its own.) They never go backwards.
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
/// use cancel_core::{Timer, TimerError};
/// use std::future::Future;
/// use std::pin::Pin;
/// use std::sync::OnceLock;
/// use std::task::{Context, Poll};
/// use std::time::{Duration, Instant};
///
/// #[derive(Clone, Copy, Debug, Default)]
/// struct Busy;
///
/// struct BusySleep(Duration);
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
///     fn now(&self) -> Duration {
///         static EPOCH: OnceLock<Instant> = OnceLock::new();
///         EPOCH.get_or_init(Instant::now).elapsed()
///     }
///     fn sleep_until(&self, deadline: Duration) -> BusySleep {
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

    /// The time since the timer's epoch.
    fn now(&self) -> Duration;

    /// A future that resolves once [`now`](Timer::now) has reached `deadline`.
    ///
    /// `deadline` is absolute. One that has passed resolves at the first poll (a runtime that counts
    /// the polls of a task may let others go first, once); one too far away to be reached
    /// ([`Duration::MAX`]) never does. Nothing needs to happen before the first poll.
    fn sleep_until(&self, deadline: Duration) -> Self::Sleep;

    /// A future that resolves after `duration`, counted from this call.
    ///
    /// Zero resolves at the first poll; sums beyond [`Duration::MAX`] are cut to it.
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.sleep_until(self.now().saturating_add(duration))
    }

    /// [`sleep_until`](Timer::sleep_until), for who has just read the clock: it said `now`.
    ///
    /// Timers whose clock takes a while to read need not do that again. A sleep that has become due
    /// since `now` may be pending at its first poll, and is woken at once then.
    fn sleep_from(&self, now: Duration, deadline: Duration) -> Self::Sleep {
        let _ = now;
        self.sleep_until(deadline)
    }
}

impl<T: Timer + ?Sized> Timer for &T {
    type Sleep = T::Sleep;
    fn now(&self) -> Duration {
        (**self).now()
    }
    fn sleep_until(&self, deadline: Duration) -> Self::Sleep {
        (**self).sleep_until(deadline)
    }
    fn sleep(&self, duration: Duration) -> Self::Sleep {
        (**self).sleep(duration)
    }
    fn sleep_from(&self, now: Duration, deadline: Duration) -> Self::Sleep {
        (**self).sleep_from(now, deadline)
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
    /// An error with a short description of what happened to the timer.
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

    /// The description given to [`new`](TimerError::new).
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

/// An executor that can take on a task from any thread.
///
/// # Examples
///
/// ```
/// use cancel_core::{Spawn, SpawnError};
/// use std::future::Future;
///
/// #[derive(Clone, Copy, Debug, Default)]
/// struct Smol;
///
/// impl Spawn for Smol {
///     fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
///     where
///         F: Future<Output = ()> + Send + 'static,
///     {
///         smol::spawn(future).detach();
///         Ok(())
///     }
/// }
///
/// Smol.spawn(async { println!("in a task") }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot spawn tasks",
    note = "`Spawn` is optional for runtimes: take one that has it, or implement `cancel_core::Spawn`"
)]
pub trait Spawn {
    /// Starts `future` as a task of its own and lets go of it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the executor does not take tasks any more; `future` has been dropped then.
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static;
}

/// An executor that can take on tasks which stay on the current thread.
///
/// # Examples
///
/// ```
/// use cancel_core::{SpawnError, SpawnLocal};
/// use std::future::Future;
/// use std::rc::Rc;
///
/// struct Local(smol::LocalExecutor<'static>);
///
/// impl SpawnLocal for Local {
///     fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
///     where
///         F: Future<Output = ()> + 'static,
///     {
///         self.0.spawn(future).detach();
///         Ok(())
///     }
/// }
///
/// let local = Local(smol::LocalExecutor::new());
/// let not_send = Rc::new(1);
/// local.spawn_local(async move { assert_eq!(*not_send, 1) }).unwrap();
/// assert!(local.0.try_tick());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot spawn tasks on the current thread",
    note = "`SpawnLocal` is optional for runtimes: take one that has it, or implement `cancel_core::SpawnLocal`"
)]
pub trait SpawnLocal {
    /// Starts `future` as a task of the current thread and lets go of it.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] if the executor does not take tasks any more; `future` has been dropped then.
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static;
}

/// An executor did not take a task.
///
/// # Examples
///
/// ```
/// use cancel_core::SpawnError;
///
/// assert_eq!(SpawnError::new("shut down").to_string(), "cannot spawn: shut down");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpawnError {
    why: &'static str,
}

impl SpawnError {
    /// An error with a short description of why the task was refused.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::SpawnError::new("shut down");
    /// assert_eq!(error.description(), "shut down");
    /// ```
    pub const fn new(why: &'static str) -> Self {
        SpawnError { why }
    }

    /// The description given to [`new`](SpawnError::new).
    ///
    /// # Examples
    ///
    /// ```
    /// let error = cancel_core::SpawnError::new("shut down");
    /// assert_eq!(error.description(), "shut down");
    /// ```
    pub const fn description(&self) -> &'static str {
        self.why
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot spawn: {}", self.why)
    }
}

impl core::error::Error for SpawnError {}
