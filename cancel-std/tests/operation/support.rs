//! A runtime whose time moves when told to, and small tools.

use cancel_core::{Timer, TimerError};
use cancel_std::Operation;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// Its epoch is not zero, so that absolute and relative times differ.
#[derive(Clone)]
pub(crate) struct Virtual(Arc<Mutex<Clock>>);

struct Clock {
    now: Duration,
    broken: bool,
    last_id: u64,
    waiting: HashMap<u64, (Duration, Waker)>,
}

impl Virtual {
    pub(crate) fn new() -> Self {
        Virtual(Arc::new(Mutex::new(Clock {
            now: 1000 * SECOND,
            broken: false,
            last_id: 0,
            waiting: HashMap::new(),
        })))
    }

    pub(crate) fn op(&self) -> Operation<Virtual> {
        Operation::on(self.clone())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.change(|clock| clock.now += by);
    }

    pub(crate) fn break_down(&self) {
        self.change(|clock| clock.broken = true);
    }

    fn change(&self, change: impl FnOnce(&mut Clock)) {
        let mut clock = self.0.lock().unwrap();
        change(&mut clock);
        let (now, broken) = (clock.now, clock.broken);
        let wakers = clock
            .waiting
            .values()
            .filter(|(at, _)| broken || *at <= now);
        let wakers: Vec<Waker> = wakers.map(|(_, waker)| waker.clone()).collect();
        drop(clock);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How many sleeps are registered.
    pub(crate) fn armed(&self) -> usize {
        self.0.lock().unwrap().waiting.len()
    }
}

impl Timer for Virtual {
    type Sleep = Sleep;

    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    fn sleep_until(&self, deadline: Duration) -> Sleep {
        let mut clock = self.0.lock().unwrap();
        clock.last_id += 1;
        Sleep {
            timer: self.clone(),
            id: clock.last_id,
            deadline,
        }
    }
}

pub(crate) struct Sleep {
    timer: Virtual,
    id: u64,
    deadline: Duration,
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut clock = self.timer.0.lock().unwrap();
        if clock.broken {
            return Poll::Ready(Err(TimerError::new("broken")));
        }
        if clock.now >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        clock
            .waiting
            .insert(self.id, (self.deadline, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let entry = self.timer.0.lock().unwrap().waiting.remove(&self.id);
        drop(entry);
    }
}

pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }

    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl ToString) {
        self.0.lock().unwrap().push(what.to_string());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Something that adds to the log when it is dropped.
    pub(crate) fn on_drop<F: FnOnce() -> String>(&self, text: F) -> OnDrop<F> {
        OnDrop {
            log: self.clone(),
            text: Some(text),
        }
    }
}

pub(crate) struct OnDrop<F: FnOnce() -> String> {
    log: Log,
    text: Option<F>,
}

impl<F: FnOnce() -> String> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(text) = self.text.take() {
            self.log.add(text());
        }
    }
}
