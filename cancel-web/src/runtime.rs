//! The runtime: the event loop of the thread.

use crate::clock;
use crate::timer::Sleep;
use cancel_core::{Instant, Spawn, SpawnError, SpawnLocal, Timer};
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

impl Web {
    /// Converts a reading of this thread's `performance.now()`, in milliseconds, to an instant of this
    /// clock. So do the time stamps of events and animation frames. (Where there is no `performance`
    /// those are of `Date.now()`.)
    ///
    /// What is before 1970, or no number, becomes [`Instant::EPOCH`], which has passed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cancel_web::{Cancelable, Web};
    ///
    /// fn on_animation_frame(time_stamp: f64) {
    ///     // What does not fit into this frame is cancelled.
    ///     let op = Cancelable::with_deadline(Web.instant(time_stamp + 12.0)).build();
    /// #   drop(op);
    /// }
    /// ```
    pub fn instant(&self, performance_now: f64) -> Instant {
        clock::from_performance(performance_now)
    }
}

/// Never early. Late by a few milliseconds (`setTimeout` counts in whole ones, nested ones take at least
/// four), by as long as the thread is busy, and by up to a minute in a tab that is in the background.
impl Timer for Web {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        clock::now()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep::until(deadline)
    }

    /// The epoch is 1970, as the page counts it.
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        Some(Duration::ZERO)
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
