//! The runtime: the event loop of the thread.

use crate::clock;
use crate::timer::Sleep;
use cancel_core::{Spawn, SpawnError, SpawnLocal, Timer};
use std::future::Future;
use std::time::Duration;
use wasm_bindgen_futures::spawn_local;

/// The runtime of JavaScript's event loops: in windows, workers and Node.
///
/// Time is `performance.timeOrigin + performance.now()`, so it counts from 1970, means the same in all
/// windows and workers, and never goes backwards in any. (Where there is none it is `Date.now()`, kept
/// from going backwards.)
///
/// # Panics
///
/// On targets without JavaScript, where all of it compiles and nothing works.
///
/// # Examples
///
/// ```no_run
/// # async fn example() {
/// use cancel_web::{SpawnLocal, Timer, Web};
/// use std::time::Duration;
///
/// Web.spawn_local(async {
///     Web.sleep(Duration::from_millis(5)).await.unwrap();
/// })
/// .unwrap();
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Web;

/// Never early. Late by a few milliseconds (`setTimeout` counts in whole ones, nested ones take at least
/// four), by as long as the thread is busy, and by up to a minute in a tab that is in the background.
impl Timer for Web {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        clock::now()
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        Sleep::until(deadline)
    }
}

/// The task runs on the thread that starts it, a turn later. It never refuses one.
impl SpawnLocal for Web {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        spawn_local(future);
        Ok(())
    }
}

/// As [`SpawnLocal`]: a task that could move to other threads stays on the one that starts it. So
/// [groups](crate::TaskGroup) work.
impl Spawn for Web {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawn_local(future)
    }
}
