//! Executors of several kinds.

use cancel_core::{Instant, Spawn, SpawnError, Timer};
use cancel_std::{Sleep, Std, block_on, generic};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The time of `Std`, and tasks as told.
#[derive(Clone)]
pub(crate) enum Rt {
    /// A thread for each task.
    Threads,
    /// Keeps tasks, without running them.
    Keeps(Arc<Mutex<Vec<Task>>>),
    /// Runs each a bit, then drops it.
    Drops,
    Refuses,
    Panics,
}

impl Rt {
    pub(crate) fn op(&self) -> generic::Cancelable<Rt> {
        generic::Cancelable::on(self.clone())
    }
}

impl Timer for Rt {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Std.now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Std.sleep_until(deadline)
    }
}

impl Spawn for Rt {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match self {
            Rt::Threads => drop(thread::spawn(|| block_on(future))),
            Rt::Keeps(tasks) => tasks.lock().unwrap().push(Box::pin(future)),
            Rt::Drops => {
                let mut future = Box::pin(future);
                block_on(std::future::poll_fn(|cx| {
                    let _ = future.as_mut().poll(cx);
                    std::task::Poll::Ready(())
                }));
            }
            Rt::Refuses => return Err(SpawnError::new("closed for today")),
            Rt::Panics => std::panic::resume_unwind(Box::new("executor")),
        }
        Ok(())
    }
}
