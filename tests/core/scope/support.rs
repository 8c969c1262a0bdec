//! A clock that moves when told to, and a task that is polled only when it was woken.

use cancel_core::{Instant, Timer, TimerError};
use cancel_tests::Counter;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Its epoch is not zero. It has room for four sleeps, and needs no heap.
#[derive(Debug)]
pub(crate) struct Clock {
    now: Cell<Instant>,
    broken: Cell<bool>,
    waiting: RefCell<[Option<Waker>; 4]>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock {
            now: Cell::new(Instant::EPOCH + 1000 * SECOND),
            broken: Cell::new(false),
            waiting: RefCell::default(),
        }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now.set(self.now.get() + by);
        self.wake();
    }

    pub(crate) fn break_down(&self) {
        self.broken.set(true);
        self.wake();
    }

    /// How many sleeps wait.
    pub(crate) fn armed(&self) -> usize {
        self.waiting.borrow().iter().flatten().count()
    }

    fn wake(&self) {
        for place in 0..4 {
            let waker = self.waiting.borrow_mut()[place].take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

#[derive(Debug)]
pub(crate) struct Sleep<'a> {
    clock: &'a Clock,
    deadline: Instant,
    place: Option<usize>,
}

impl<'a> Timer for &'a Clock {
    type Sleep = Sleep<'a>;

    fn now(&self) -> Instant {
        self.now.get()
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep<'a> {
        Sleep {
            clock: self,
            deadline,
            place: None,
        }
    }
}

impl Sleep<'_> {
    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            self.clock.waiting.borrow_mut()[place] = None;
        }
    }
}

impl Future for Sleep<'_> {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.leave();
        if self.clock.broken.get() {
            return Poll::Ready(Err(TimerError::new("broken")));
        }
        if self.clock.now.get() >= self.deadline {
            return Poll::Ready(Ok(()));
        }
        let mut waiting = self.clock.waiting.borrow_mut();
        let place = waiting.iter().position(Option::is_none).expect("a place");
        waiting[place] = Some(cx.waker().clone());
        drop(waiting);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// An executor of one task. It polls only what was woken, so what loses a wake-up stays pending.
pub(crate) struct Task<F: Future> {
    future: Option<Pin<Box<F>>>,
    counter: Arc<Counter>,
    seen: Option<usize>,
    pub(crate) polls: usize,
}

impl<F: Future> Task<F> {
    pub(crate) fn new(future: F) -> Self {
        Task {
            future: Some(Box::pin(future)),
            counter: Counter::new(),
            seen: None,
            polls: 0,
        }
    }

    /// Polls as often as it is woken; with the result, the future is dropped.
    pub(crate) fn go(&mut self) -> Poll<F::Output> {
        while self.seen != Some(self.counter.wakes()) {
            self.seen = Some(self.counter.wakes());
            let future = self.future.as_mut().expect("not over");
            let waker = self.counter.waker();
            self.polls += 1;
            assert!(self.polls < 100_000, "a busy loop");
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.future = None;
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    }

    pub(crate) fn stop(&mut self) {
        self.future = None;
    }

    /// How many of its wakers somebody holds.
    pub(crate) fn registered(&self) -> usize {
        Arc::strong_count(&self.counter) - 1
    }
}

/// What happened, in order.
#[derive(Debug, Default)]
pub(crate) struct Log(RefCell<Vec<&'static str>>);

impl Log {
    pub(crate) fn add(&self, what: &'static str) {
        self.0.borrow_mut().push(what);
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        self.0.take()
    }

    /// Something that adds to the log when it is dropped.
    pub(crate) fn on_drop(&self, what: &'static str) -> OnDrop<'_> {
        OnDrop(self, what)
    }
}

pub(crate) struct OnDrop<'a>(&'a Log, &'static str);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}

/// What a call panics with.
pub(crate) fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)) {
        Ok(_) => String::from("no panic"),
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => String::from(*text),
            Err(payload) => *payload.downcast::<String>().expect("text"),
        },
    }
}

/// Panics without a line on stderr.
pub(crate) fn quiet(payload: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(payload))
}
