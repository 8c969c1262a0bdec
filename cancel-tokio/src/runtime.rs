//! The runtimes: tokio's of the current thread, and one by its handle.

use crate::clock;
use crate::sleep::Sleep;
use crate::threads::Threads;
use cancel_core::layer::Workplace;
use cancel_core::{Instant, IntoDeadline, Spawn, SpawnError, SpawnLocal, Timer};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::coop::unconstrained;
use tokio::task::{JoinHandle, spawn_local};

const NO_RUNTIME: SpawnError = SpawnError::new("there is no tokio runtime on this thread");
const NO_LOCAL_SET: SpawnError = SpawnError::new("there is no `LocalSet` on this thread");
const SHUT_DOWN: SpawnError = SpawnError::new("the tokio runtime is shut down");

/// The tokio runtime of the thread on which it is used: its timers, its tasks.
///
/// Where there is none, as in plain threads, sleeps and spawns are errors. Take [`On`], which works
/// everywhere.
///
/// Work that blocks runs in the runtime's pool for it: that of [`run_in_thread`](crate::Cx::run_in_thread),
/// the predicates of a [`Condition`](crate::Condition), and what watches over the sources of
/// [`run_blocking`](crate::Cancelable::run_blocking). So a runtime that is dropped waits for such work. Where
/// there is no runtime, it runs in the pool of `cancel-std`.
///
/// Its clock is tokio's. If that is paused (`tokio::time::pause`), operations keep virtual time, which
/// goes to the next deadline as soon as no task can go on:
///
/// ```
/// use cancel_tokio::{Cancelable, Reason};
/// use std::time::Duration;
///
/// #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() {
///     let began = std::time::Instant::now();
///     let op = Cancelable::with_timeout(Duration::from_secs(3600)).build();
///     let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
///     assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
///     assert_eq!(op.context().duration(), Some(Duration::from_secs(3600)));
///     assert!(began.elapsed() < Duration::from_secs(60)); // no hour has passed
/// }
/// ```
///
/// Virtual time stands still while work that blocks is done on a thread, except where that waits in
/// [`sleep_blocking`](crate::Cx::sleep_blocking). (As always in tokio, it does not move at all while a closure
/// of its own `spawn_blocking` runs, nor while one of
/// [`run_in_blocking_pool`](crate::run_in_blocking_pool) does: there, a `sleep_blocking` under a paused clock
/// ends by a cancel only.) On threads without the runtime it is the system's time even then.
///
/// A sleep is never early. Tokio counts in milliseconds, and so it is up to one late, or more on a busy
/// system. See [`Sleep`] for what it does when there is no timer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tokio;

impl Tokio {
    /// Converts a [`tokio::time::Instant`] to an instant of this clock. Where a deadline is asked for it
    /// can be given as it is.
    ///
    /// The epoch is one hour before something in the process first asked for the time. What is before
    /// becomes [`Instant::EPOCH`], which has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{Cancelable, Tokio};
    /// use std::time::Duration;
    /// use tokio::time::Instant;
    ///
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let op = Cancelable::with_deadline(at).build();
    /// assert_eq!(op.deadline(), Some(Tokio.instant(at)));
    /// ```
    pub fn instant(&self, at: tokio::time::Instant) -> Instant {
        clock::from_tokio(at)
    }

    /// Converts an instant of this clock to a [`tokio::time::Instant`].
    ///
    /// # Returns
    ///
    /// `None` if it is too far away for the system's clock, as [`Instant::FAR_FUTURE`] is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{Instant, Tokio};
    ///
    /// let at = tokio::time::Instant::now() + std::time::Duration::from_secs(5);
    /// assert_eq!(Tokio.to_tokio(Tokio.instant(at)), Some(at));
    /// assert_eq!(Tokio.to_tokio(Instant::FAR_FUTURE), None);
    /// ```
    pub fn to_tokio(&self, at: Instant) -> Option<tokio::time::Instant> {
        clock::to_tokio(at)
    }
}

/// Converted by [`Tokio::instant`].
impl IntoDeadline<Tokio> for tokio::time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(clock::from_tokio(self))
    }
}

/// Converted by [`Tokio::instant`].
impl IntoDeadline<On> for tokio::time::Instant {
    fn into_deadline(self) -> Option<Instant> {
        Some(clock::from_tokio(self))
    }
}

impl Timer for Tokio {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        clock::now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline)
    }

    /// (Of the running clock. A paused one goes on from there.)
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        clock::unix_time_of_epoch()
    }

    fn workplace(&self) -> Option<Box<dyn Workplace>> {
        let handle = self.handle().ok()?;
        Some(Box::new(Threads::new(handle)))
    }
}

/// # Errors
///
/// [`SpawnError`] if there is no runtime on this thread, or it is shut down. One that is shut down later
/// drops its tasks, and one that nobody runs keeps them: nobody is told of that.
impl Spawn for Tokio {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        taken(self.handle()?.spawn(future))
    }
}

/// # Errors
///
/// [`SpawnError`] if there is no runtime or no [`LocalSet`](tokio::task::LocalSet) on this thread. (Tokio
/// panics in the latter case. That is contained, but the panic hook reports it.)
///
/// # Examples
///
/// ```
/// use cancel_tokio::{SpawnLocal, Tokio};
/// use std::rc::Rc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tasks = tokio::task::LocalSet::new();
/// let not_send = Rc::new(5);
/// let spawn = async move { Tokio.spawn_local(async move { assert_eq!(*not_send, 5) }) };
/// tasks.run_until(spawn).await.unwrap();
/// tasks.await;
/// # }
/// ```
impl SpawnLocal for Tokio {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        self.handle()?;
        match catch_unwind(AssertUnwindSafe(|| spawn_local(future))) {
            Ok(task) => taken(task),
            Err(_) => Err(NO_LOCAL_SET),
        }
    }
}

/// A runtime that is shut down drops its tasks at once. (If it is shut down at this very moment, the task may
/// have begun: it is gone all the same.)
fn taken(mut task: JoinHandle<()>) -> Result<(), SpawnError> {
    if task.is_finished() {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(Err(error)) = Pin::new(&mut unconstrained(&mut task)).poll(&mut context)
        {
            if error.is_cancelled() {
                return Err(SHUT_DOWN);
            }
        }
    }
    Ok(())
}

/// A tokio runtime by its handle: timers and tasks of that one, from any thread.
///
/// It shares the clock of [`Tokio`], and keeps to the runtime's if that is paused. It does not keep
/// the runtime from being shut down. If that is one of `new_current_thread`, its timers and tasks stand
/// still, and no timeout is heard, as long as nobody is in its `block_on`.
///
/// # Examples
///
/// ```
/// use cancel_tokio::{On, Reason, generic};
/// use std::time::Duration;
///
/// let runtime = tokio::runtime::Runtime::new().unwrap();
/// let op = generic::Cancelable::on(On::new(runtime.handle())).timeout(Duration::from_millis(5));
/// // On this thread, where there is no runtime:
/// let result = op.try_run_blocking(|cx| cx.sleep_blocking(Duration::MAX));
/// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
/// ```
#[derive(Clone)]
pub struct On(Handle);

impl On {
    /// A runtime that spawns on `handle`'s, and uses its timers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{On, Spawn};
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// let on = On::new(runtime.handle());
    /// on.spawn(async {}).unwrap();
    /// drop(runtime);
    /// assert_eq!(on.spawn(async {}).unwrap_err().description(), "the tokio runtime is shut down");
    /// ```
    pub fn new(handle: &Handle) -> Self {
        On(handle.clone())
    }

    fn within<T>(&self, f: impl FnOnce() -> T) -> T {
        // At the very end of a thread there is nothing to enter any more, which is a panic.
        let over = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
        let _inside = (!over).then(|| self.0.enter());
        f()
    }
}

impl Timer for On {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.within(clock::now)
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        self.within(|| Sleep::until(deadline))
    }

    /// (Of the running clock. A paused one goes on from there.)
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        clock::unix_time_of_epoch()
    }

    fn workplace(&self) -> Option<Box<dyn Workplace>> {
        let handle = self.handle().ok()?;
        Some(Box::new(Threads::new(handle)))
    }
}

/// # Errors
///
/// [`SpawnError`] if the runtime is shut down.
impl Spawn for On {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        taken(self.0.spawn(future))
    }
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("On").field(&self.0.id()).finish()
    }
}

/// A runtime that is one of tokio's.
pub trait HasHandle {
    fn handle(&self) -> Result<Handle, SpawnError>;
}

impl HasHandle for Tokio {
    fn handle(&self) -> Result<Handle, SpawnError> {
        Handle::try_current().map_err(|_| NO_RUNTIME)
    }
}

impl HasHandle for On {
    fn handle(&self) -> Result<Handle, SpawnError> {
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::taken;
    use tokio::runtime::Builder;

    #[test]
    fn only_a_task_that_was_dropped_is_refused() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let panics = runtime.spawn(async { panic!("reported by the panic hook") });
        let ends = runtime.spawn(async {});
        let waits = runtime.spawn(std::future::pending());
        runtime.block_on(tokio::task::yield_now());
        let dropped = runtime.spawn(std::future::pending());
        dropped.abort();
        runtime.block_on(tokio::task::yield_now());
        assert!(panics.is_finished() && ends.is_finished() && !waits.is_finished());
        assert!(
            [panics, ends, waits]
                .into_iter()
                .all(|task| taken(task).is_ok())
        );
        assert!(taken(dropped).is_err());
    }
}
