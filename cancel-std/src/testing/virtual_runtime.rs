//! Virtual time as a runtime: its sleeps, its tasks, its work on threads.

use super::time::{VirtualTime, WakeId};
use cancel_core::layer::Workplace;
use cancel_core::{Instant, Spawn, SpawnError, Timer, TimerError};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Clones share the epoch; others have their own.
impl Timer for VirtualTime {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        VirtualTime::now(self)
    }

    fn sleep_until(&self, deadline: Instant) -> VirtualSleep {
        VirtualSleep {
            time: self.clone(),
            id: None,
            deadline,
        }
    }

    /// The epoch is the beginning of 1970, so that dates are the same in each run.
    fn unix_time_of_epoch(&self) -> Option<Duration> {
        Some(Duration::ZERO)
    }

    fn workplace(&self) -> Option<Box<dyn Workplace>> {
        Some(Box::new(self.clone()))
    }
}

/// Work on threads holds the clock (V2).
impl Workplace for VirtualTime {
    fn begin(&self) {
        let mut state = self.shared.lock();
        state.holds += 1;
        state.works += 1;
    }

    fn end(&self) {
        self.shared.lock().works -= 1;
        self.shared.release();
    }
}

/// Tasks run in [`block_on`](VirtualTime::block_on) and [`run_ready`](VirtualTime::run_ready), and
/// nowhere else. Their panics go on from there. This never fails.
impl Spawn for VirtualTime {
    fn spawn<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = Box::pin(future);
        let id = self.shared.lock().tasks.new_id();
        let waker = Waker::from(Arc::new(WakeId {
            id,
            shared: Arc::downgrade(&self.shared),
        }));
        self.shared.lock().tasks.spawn(id, work, waker);
        self.shared.changed.notify_all();
        Ok(())
    }
}

/// Does not wait for the lock.
/// A sleep on [`VirtualTime`]: the future of its [`sleep`](Timer::sleep) and
/// [`sleep_until`](Timer::sleep_until).
///
/// It registers at its first poll, and deregisters when it is dropped.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Examples
///
/// ```
/// use cancel_std::Timer;
/// use cancel_std::testing::VirtualTime;
/// use std::time::Duration;
///
/// let time = VirtualTime::new();
/// let deadline = time.now() + Duration::from_secs(5);
/// time.block_on(time.sleep_until(deadline)).unwrap();
/// assert_eq!(time.now(), deadline);
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct VirtualSleep {
    time: VirtualTime,
    /// Since the first poll.
    id: Option<u64>,
    deadline: Instant,
}

impl Future for VirtualSleep {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waker = Some(cx.waker().clone());
        let this = &mut *self;
        let mut state = this.time.shared.lock();
        let poll = state.timers.poll(this.deadline, &mut this.id, &mut waker);
        drop(state);
        drop(waker);
        poll
    }
}

impl Drop for VirtualSleep {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let waker = self.time.shared.lock().timers.remove(self.deadline, id);
        drop(waker);
    }
}

/// What is left.
impl VirtualTime {
    /// How many sleeps are registered. Zero after a test that leaves nothing behind.
    ///
    /// Those until [`Instant::FAR_FUTURE`], which never end, are not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Timer;
    /// use cancel_std::testing::VirtualTime;
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// let sleep = time.sleep(Duration::from_secs(5));
    /// assert_eq!(time.pending_timers(), 0); // not polled so far
    /// # drop(sleep);
    /// ```
    pub fn pending_timers(&self) -> usize {
        self.shared.lock().timers.len()
    }

    /// How many tasks have not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Spawn;
    /// use cancel_std::testing::VirtualTime;
    ///
    /// let time = VirtualTime::new();
    /// time.spawn(async {}).unwrap();
    /// assert_eq!(time.pending_tasks(), 1);
    /// time.run_ready();
    /// assert_eq!(time.pending_tasks(), 0);
    /// ```
    pub fn pending_tasks(&self) -> usize {
        self.shared.lock().tasks.len()
    }

    /// Drops all tasks that have not ended, in the order in which they were spawned, except one that
    /// is being polled right now, which is dropped afterwards.
    ///
    /// # Returns
    ///
    /// How many there were.
    ///
    /// # Panics
    ///
    /// If the drop of a task does. The others may be forgotten then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Spawn;
    /// use cancel_std::testing::VirtualTime;
    ///
    /// let time = VirtualTime::new();
    /// time.spawn(std::future::pending()).unwrap();
    /// assert_eq!(time.drop_tasks(), 1);
    /// assert_eq!(time.pending_tasks(), 0);
    /// ```
    pub fn drop_tasks(&self) -> usize {
        let tasks = self.shared.lock().tasks.clear();
        tasks.len()
    }
}
