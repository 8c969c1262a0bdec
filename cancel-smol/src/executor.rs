//! The runtimes: smol's global executor, and executors of one's own.

use crate::timer::Sleep;
use async_executor::Executor;
use cancel_core::{Instant, IntoDeadline, Spawn, SpawnError, Timer};
use cancel_std::Std;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The runtime of smol: timers of `async-io`, tasks on smol's global executor.
///
/// Its clock is that of [`std::time::Instant`], which [`Smol::instant`] converts. Its tasks run on as
/// many threads as the environment variable `SMOL_THREADS` says (one, if it does not); it never
/// refuses a task.
///
/// # Examples
///
/// ```
/// use cancel_smol::{Smol, Spawn};
/// use std::sync::mpsc;
///
/// let (send, receive) = mpsc::channel();
/// Smol.spawn(async move { send.send("from a task").unwrap() }).unwrap();
/// assert_eq!(receive.recv(), Ok("from a task"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Smol;

impl Smol {
    /// Converts a [`std::time::Instant`] to an instant of this clock. Where a deadline is asked for it
    /// can be given as it is.
    ///
    /// One that is before the epoch (the moment when something in the process first asked for the time)
    /// becomes [`Instant::EPOCH`], which has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_smol::{Cancelable, Smol};
    /// use std::time::{Duration, Instant};
    ///
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let op = Cancelable::with_deadline(at).build();
    /// assert_eq!(op.deadline(), Some(Smol.instant(at)));
    /// ```
    pub fn instant(&self, at: std::time::Instant) -> Instant {
        Std.instant(at)
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
    /// use cancel_smol::{Instant, Smol};
    ///
    /// let at = std::time::Instant::now() + std::time::Duration::from_secs(5);
    /// assert_eq!(Smol.to_std(Smol.instant(at)), Some(at));
    /// assert_eq!(Smol.to_std(Instant::FAR_FUTURE), None);
    /// ```
    pub fn to_std(&self, at: Instant) -> Option<std::time::Instant> {
        Std.to_std(at)
    }
}

/// Converted by [`Smol::instant`].
impl IntoDeadline<Smol> for std::time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(Std.instant(self))
    }
}

/// Converted by [`Smol::instant`].
impl IntoDeadline<On> for std::time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(Std.instant(self))
    }
}

/// Never early; how much later is up to `async-io`, which is about a millisecond where the system
/// is idle.
impl Timer for Smol {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Std.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline)
    }

    fn unix_time_of_epoch(&self) -> Option<Duration> {
        Std.unix_time_of_epoch()
    }
}

impl Spawn for Smol {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        smol::spawn(future).detach();
        Ok(())
    }
}

/// The runtime of an executor of one's own: timers of `async-io`, tasks on that executor.
///
/// It shares the clock of [`Smol`]. Tasks run while somebody runs the executor.
///
/// It does not keep the executor: a run that is a task of the executor would keep itself that way.
///
/// # Errors
///
/// [`SpawnError`] if the executor is gone; the future has been dropped then.
///
/// # Examples
///
/// ```
/// use cancel_smol::{On, Spawn, generic};
/// use smol::Executor;
/// use std::sync::Arc;
///
/// let executor = Arc::new(Executor::new());
/// let op = generic::Cancelable::on(On::new(&executor)).name("job");
/// let run = op.run(async |cx| {
///     let handle = cx.clone();
///     let progress = async move { handle.report_progress("from a task") };
///     cx.runtime().spawn(progress).unwrap();
///     smol::future::yield_now().await;
/// });
/// smol::block_on(executor.run(run)).unwrap();
/// ```
#[derive(Clone)]
pub struct On {
    executor: Handle,
}

#[derive(Clone)]
enum Handle {
    Shared(Weak<Executor<'static>>),
    Static(&'static Executor<'static>),
}

impl On {
    /// A runtime that spawns on `executor`, as long as somebody else keeps that.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_smol::{On, Spawn};
    /// use smol::Executor;
    /// use std::sync::Arc;
    ///
    /// let executor = Arc::new(Executor::new());
    /// let runtime = On::new(&executor);
    /// runtime.spawn(async {}).unwrap();
    /// drop(executor);
    /// assert_eq!(runtime.spawn(async {}).unwrap_err().description(), "the executor is gone");
    /// ```
    pub fn new(executor: &Arc<Executor<'static>>) -> Self {
        On {
            executor: Handle::Shared(Arc::downgrade(executor)),
        }
    }

    /// A runtime that spawns on an executor which is always there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_smol::{On, generic};
    /// use smol::Executor;
    ///
    /// static EXECUTOR: Executor<'static> = Executor::new();
    ///
    /// let op = generic::Cancelable::on(On::from_static(&EXECUTOR));
    /// assert_eq!(smol::block_on(EXECUTOR.run(op.run(async |_| 5))), Ok(5));
    /// ```
    pub fn from_static(executor: &'static Executor<'static>) -> Self {
        On {
            executor: Handle::Static(executor),
        }
    }
}

impl Timer for On {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Std.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline)
    }

    fn unix_time_of_epoch(&self) -> Option<Duration> {
        Std.unix_time_of_epoch()
    }
}

impl Spawn for On {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = match &self.executor {
            Handle::Static(executor) => executor.spawn(future),
            Handle::Shared(executor) => match executor.upgrade() {
                Some(executor) => executor.spawn(future),
                None => return Err(SpawnError::new("the executor is gone")),
            },
        };
        task.detach();
        Ok(())
    }
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On").finish_non_exhaustive()
    }
}
