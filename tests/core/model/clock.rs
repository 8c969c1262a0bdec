//! The library's clock in a program: it stands still between operations, and its tasks are polled by
//! hand.

use cancel_core::{Instant, Spawn, SpawnError, Timer, TimerError};
use cancel_tests::Counter;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Duration;

/// A clone is the same clock.
#[derive(Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Instant,
    /// Of the last sleep, which a task is made for.
    until: Instant,
    /// In the order in which they were made.
    tasks: Vec<Task>,
    /// There are as many as tasks.
    sleeps: usize,
}

struct Task {
    at: Instant,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    counter: Arc<Counter>,
    /// With how many wakes it was polled last.
    polled: Option<usize>,
}

impl Task {
    fn is_woken(&self) -> bool {
        self.polled != Some(self.counter.wakes())
    }

    fn is_done(&mut self) -> bool {
        self.polled = Some(self.counter.wakes());
        let waker = self.counter.waker();
        self.work
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
    }
}

pub(crate) struct Sleep {
    clock: Clock,
    until: Instant,
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    /// (Woken by nobody: [`Clock::advance`] polls what is due.)
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.clock.state().now >= self.until {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.clock.state().sleeps -= 1;
    }
}

impl Timer for Clock {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.state().now
    }

    fn sleep_until(&self, until: Instant) -> Sleep {
        let mut state = self.state();
        state.until = until;
        state.sleeps += 1;
        let clock = self.clone();
        Sleep { clock, until }
    }
}

impl Spawn for Clock {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: F) -> Result<(), SpawnError> {
        let mut state = self.state();
        let at = state.until;
        state.tasks.push(Task {
            at,
            work: Box::pin(work),
            counter: Counter::new(),
            polled: None,
        });
        Ok(())
    }
}

impl Clock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Polls the tasks that are new or were woken, and returns how many are left.
    pub(crate) fn turn(&self) -> usize {
        let mut tasks = std::mem::take(&mut self.state().tasks);
        tasks.retain_mut(|task| !task.is_woken() || !task.is_done());
        let mut state = self.state();
        assert!(state.tasks.is_empty(), "made by a task");
        assert_eq!(state.sleeps, tasks.len(), "sleeps");
        state.tasks = tasks;
        state.tasks.len()
    }

    pub(crate) fn clear(&self) {
        let tasks = std::mem::take(&mut self.state().tasks);
        drop(tasks); // (not under the lock)
    }

    /// Lets time pass, and polls the tasks whose time has come: the earliest first, and of equal ones the
    /// one that was made first.
    pub(crate) fn advance(&self, by: Duration) {
        let now = self.now() + by;
        self.state().now = now;
        let tasks = std::mem::take(&mut self.state().tasks);
        let (mut due, left) = tasks
            .into_iter()
            .partition::<Vec<_>, _>(|task| task.at <= now);
        due.sort_by_key(|task| task.at);
        for mut task in due {
            assert!(task.is_done(), "a task goes on when its time is over");
        }
        self.state().tasks = left;
    }
}
