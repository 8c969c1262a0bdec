//! On nothing: a loop that polls and parks its thread, with a timer and tasks in some lines.
//!
//! What the documentation of `Timer` and `SpawnLocal` promises to be enough for a runtime.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/watched.rs"]
mod watched;

use cancel_core::{Instant, SpawnError, SpawnLocal, Timer, TimerError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time;
use watched::watched;

type Task = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Clone)]
struct Bare(Rc<State>);

struct State {
    epoch: time::Instant,
    sleeps: RefCell<BTreeMap<(Instant, u64), Waker>>,
    last: Cell<u64>,
    tasks: RefCell<Vec<Task>>,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Bare {
    fn new() -> Self {
        Bare(Rc::new(State {
            epoch: time::Instant::now(),
            sleeps: RefCell::default(),
            last: Cell::new(0),
            tasks: RefCell::default(),
        }))
    }

    /// Polls everything, then waits for a wake or the next deadline.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            let mut tasks = self.0.tasks.take();
            tasks.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
            let mut started = self.0.tasks.borrow_mut();
            let some_are_new = !started.is_empty();
            started.extend(tasks);
            drop(started);
            if some_are_new {
                continue;
            }
            match self.wake_those_due() {
                Some(next) => thread::park_timeout(next - self.now()),
                None => thread::park(),
            }
        }
    }

    /// The next deadline after that.
    fn wake_those_due(&self) -> Option<Instant> {
        loop {
            let mut sleeps = self.0.sleeps.borrow_mut();
            let first = sleeps.first_entry()?;
            let deadline = first.key().0;
            if deadline > self.now() {
                return Some(deadline);
            }
            let waker = first.remove();
            drop(sleeps);
            waker.wake();
        }
    }
}

impl Timer for Bare {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        Instant::from_epoch(self.0.epoch.elapsed())
    }

    fn sleep_until(&self, deadline: Instant) -> Sleep {
        self.0.last.set(self.0.last.get() + 1);
        Sleep {
            timer: self.clone(),
            key: (deadline, self.0.last.get()),
        }
    }
}

struct Sleep {
    timer: Bare,
    key: (Instant, u64),
}

impl Sleep {
    fn leave(&self) {
        let waker = self.timer.0.sleeps.borrow_mut().remove(&self.key);
        drop(waker); // with no borrow: it may use the timer
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.leave();
        if self.timer.now() >= self.key.0 {
            return Poll::Ready(Ok(()));
        }
        let waker = cx.waker().clone();
        self.timer.0.sleeps.borrow_mut().insert(self.key, waker);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.leave();
    }
}

impl SpawnLocal for Bare {
    fn spawn_local<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + 'static,
    {
        self.0.tasks.borrow_mut().push(Box::pin(future));
        Ok(())
    }
}

macro_rules! case {
    ($group:ident $case:ident) => {
        #[test]
        fn $case() {
            watched(|| {
                let bare = Bare::new();
                bare.block_on(cancel_conformance::$group::$case(&bare))
            });
        }
    };
}

cancel_conformance::core_cases!(case);
cancel_conformance::heap_cases!(case);
cancel_conformance::spawn_local_cases!(case);
