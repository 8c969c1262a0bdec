//! Work that blocks, on threads that know the runtime.
//!
//! It runs in tokio's pool. A paused clock does not move while that is at work, which is what such work
//! needs; but not even while the work waits in a blocking sleep, which would then never end. So under a
//! paused clock the work runs in the pool of `cancel-std`, inside the runtime, and one call in tokio's
//! pool, the *holder*, holds the clock from [`begin`](Workplace::begin) to [`end`](Workplace::end).

use crate::clock;
use cancel_core::layer::Workplace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use tokio::runtime::Handle;

type Work = Box<dyn FnOnce() + Send>;

pub(crate) struct Threads {
    handle: Handle,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// How many threads are at work.
    count: usize,
    /// The holder ends when this is dropped.
    holder: Option<mpsc::Sender<()>>,
}

impl Threads {
    pub(crate) fn new(handle: Handle) -> Self {
        Threads {
            handle,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing can panic half-way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `work` in tokio's pool. Tokio panics if it has no thread and gets none, and drops `work`.
    fn call(&self, work: impl FnOnce() + Send + 'static) {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.handle.spawn_blocking(work))));
    }
}

impl Workplace for Threads {
    fn begin(&self) {
        let mut held = self.held();
        held.count += 1;
        if held.count == 1 && clock::is_paused(&self.handle) {
            let (holder, over) = mpsc::channel::<()>();
            held.holder = Some(holder);
            // (Counts from here on, whenever a thread takes it.)
            self.call(move || _ = over.recv());
        }
    }

    fn end(&self) {
        let mut held = self.held();
        held.count -= 1;
        if held.count == 0 {
            held.holder = None;
        }
    }

    fn run(&self, work: Work) -> Result<(), Work> {
        if self.held().holder.is_none() {
            self.call(work);
            return Ok(());
        }
        let handle = self.handle.clone();
        Err(Box::new(move || {
            let _inside = handle.enter();
            work();
        }))
    }
}
