//! Time limits of tokens, whose tasks any thread may poll, lose or find due.

use cancel_core::{CancelToken, Instant, Spawn, SpawnError, Timer, TimerError};
use cancel_tests::spin::Spin;
use cancel_tests::{Counter, Rng};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Task {
    work: Work,
    counter: Arc<Counter>,
    polled: bool,
}

impl Task {
    fn is_done(&mut self) -> bool {
        self.polled = true;
        let waker = self.counter.waker();
        let poll = self.work.as_mut().poll(&mut Context::from_waker(&waker));
        poll.is_ready()
    }
}

/// The tasks, and a clock that goes on by one second with each poll of a task.
pub(crate) struct Limits {
    tasks: Vec<Spin<Option<Task>>>,
    seconds: Arc<AtomicU64>,
}

impl Limits {
    pub(crate) fn new(tasks: usize) -> Self {
        Limits {
            tasks: (0..tasks).map(|_| Spin::new(None)).collect(),
            seconds: Arc::default(),
        }
    }

    /// Puts the next task into a slot by chance. The one that was there is dropped.
    pub(crate) fn runtime(&self, rng: &mut Rng) -> Runtime<'_> {
        Runtime {
            limits: self,
            slot: Cell::new(rng.below(self.tasks.len())),
        }
    }

    /// Polls one of the tasks, if there is one in the slot.
    pub(crate) fn poll_one(&self, rng: &mut Rng) {
        let slot = &self.tasks[rng.below(self.tasks.len())];
        let Some(mut task) = slot.replace(None) else {
            return;
        };
        self.seconds.fetch_add(1, SeqCst);
        if rng.one_in(4) {
            task.counter = Counter::new();
        }
        if !task.is_done() {
            drop(slot.replace(Some(task)));
        }
    }

    /// No token is left, so each task has been woken, if it was ever polled, and ends.
    pub(crate) fn end(&self) {
        for slot in &self.tasks {
            let Some(mut task) = slot.replace(None) else {
                continue;
            };
            assert!(task.counter.wakes() > 0 || !task.polled, "not woken");
            assert!(task.is_done(), "its token is there");
        }
    }
}

pub(crate) struct Runtime<'l> {
    limits: &'l Limits,
    slot: Cell<usize>,
}

impl Runtime<'_> {
    /// From none to far more than the clock ever shows.
    pub(crate) fn random(&self, rng: &mut Rng) -> Duration {
        match rng.below(8) {
            0 => Duration::ZERO,
            1 => Duration::MAX,
            2 => Duration::from_secs(1 << 40),
            n => Duration::from_secs(4 * n as u64),
        }
    }

    pub(crate) fn token(&self, limit: Duration) -> CancelToken {
        CancelToken::with_timeout(self, limit).expect("takes all tasks")
    }

    pub(crate) fn child(&self, of: &CancelToken, limit: Duration) -> CancelToken {
        let child = of.child_with_timeout(self, limit);
        child.expect("takes all tasks")
    }

    pub(crate) fn set(&self, token: &CancelToken, limit: Duration) {
        let set = token.cancel_after(self, limit);
        set.expect("takes all tasks");
    }
}

/// (Polled by chance, so it needs no waker.)
pub(crate) struct Sleep {
    seconds: Arc<AtomicU64>,
    until: Instant,
}

fn moment(seconds: &AtomicU64) -> Instant {
    Instant::from_epoch(Duration::from_secs(seconds.load(SeqCst)))
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match moment(&self.seconds) >= self.until {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }
}

impl Timer for Runtime<'_> {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        moment(&self.limits.seconds)
    }

    fn sleep_until(&self, until: Instant) -> Sleep {
        let seconds = self.limits.seconds.clone();
        Sleep { seconds, until }
    }
}

impl Spawn for Runtime<'_> {
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: F) -> Result<(), SpawnError> {
        let tasks = &self.limits.tasks;
        let slot = self.slot.get();
        self.slot.set((slot + 1) % tasks.len());
        let counter = Counter::new();
        let task = Task {
            work: Box::pin(work),
            counter,
            polled: false,
        };
        drop(tasks[slot].replace(Some(task)));
        Ok(())
    }
}
