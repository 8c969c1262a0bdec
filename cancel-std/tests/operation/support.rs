//! A runtime whose time moves when told to, and small tools.

use cancel_std::testing::{VirtualSleep, VirtualTime};
use cancel_std::{Instant, Timer, generic};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Far longer than any test takes.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// [`VirtualTime`], whose epoch is not zero, so that absolute and relative times differ.
#[derive(Clone)]
pub(crate) struct Virtual(VirtualTime);

impl Virtual {
    pub(crate) fn new() -> Self {
        Virtual(VirtualTime::starting_at(Instant::EPOCH + 1000 * SECOND))
    }

    pub(crate) fn op(&self) -> generic::Cancelable<Virtual> {
        generic::Cancelable::on(self.clone())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0.advance(by);
    }

    pub(crate) fn break_down(&self) {
        self.0.fail("broken");
    }

    /// How many sleeps are registered.
    pub(crate) fn armed(&self) -> usize {
        self.0.pending_timers()
    }
}

impl Timer for Virtual {
    type Sleep = VirtualSleep;

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep_until(&self, deadline: Instant) -> VirtualSleep {
        self.0.sleep_until(deadline)
    }
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
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
