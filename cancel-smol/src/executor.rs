//! The runtimes: smol's global executor, and executors of one's own.

use crate::timer::{self, Sleep};
use cancel_core::{Spawn, SpawnError, Timer};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
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
/// It shares the clock of [`Smol`]. Tasks run while somebody runs the executor; it never refuses
/// one.
///
/// # Examples
///
/// ```
/// use cancel_smol::{On, Operation, Spawn};
/// use smol::Executor;
/// use std::sync::Arc;
///
/// let executor = Arc::new(Executor::new());
/// let op = Operation::on(On::new(executor.clone())).name("job");
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
    executor: Arc<async_executor::Executor<'static>>,
}

impl On {
    /// A runtime that spawns on `executor`.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = cancel_smol::On::new(Default::default());
    /// # let _ = runtime;
    /// ```
    pub fn new(executor: Arc<async_executor::Executor<'static>>) -> Self {
        On { executor }
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
        self.executor.spawn(future).detach();
        Ok(())
    }
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On").finish_non_exhaustive()
    }
}
