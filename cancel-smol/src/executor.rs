//! The runtimes: smol's global executor, and executors of one's own.

use crate::timer::{self, Sleep};
use async_executor::Executor;
use cancel_core::{Spawn, SpawnError, Timer};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The runtime of smol: timers of `async-io`, tasks on smol's global executor.
///
/// Its clock is monotonic and counts from the first question in the process. Its tasks run on as
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

/// Never early; how much later is up to `async-io`, which is about a millisecond where the system
/// is idle.
impl Timer for Smol {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        timer::now()
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        Sleep::until(deadline)
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
/// use cancel_smol::{On, Operation, Spawn};
/// use smol::Executor;
/// use std::sync::Arc;
///
/// let executor = Arc::new(Executor::new());
/// let op = Operation::on(On::new(&executor)).name("job");
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
    /// use cancel_smol::{On, Operation};
    /// use smol::Executor;
    ///
    /// static EXECUTOR: Executor<'static> = Executor::new();
    ///
    /// let op = Operation::on(On::from_static(&EXECUTOR));
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

    fn now(&self) -> Duration {
        timer::now()
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        Sleep::until(deadline)
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
