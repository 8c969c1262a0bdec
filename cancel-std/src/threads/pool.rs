//! The process's pool of threads for blocking work, where there are threads.
//!
//! 1. Under the lock tasks are pushed and popped, numbers change, and threads are started; tasks are run
//!    and dropped outside, since both are foreign code.
//! 2. `idle` counts the threads that will look at the queue before they wait or end, those that wait, and
//!    those that are being started. `threads` counts all.
//! 3. A queued task has a thread: outside of the lock `threads` is zero only if the queue is empty. If
//!    the first thread cannot be started, all that is queued is dropped, and what waits for it hears of it
//!    (`blocking.rs`).

use cancel_core::{Cause, Reason};
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Whether there are threads.
pub(crate) const IS_THERE: bool = !cfg!(target_family = "wasm");

/// How many threads there are at most, if nobody says otherwise.
const LIMIT: usize = 500;

/// How long a thread waits for more work before it ends.
const PATIENCE: Duration = Duration::from_secs(5);

static POOL: Pool = Pool::new(start);

/// Why no thread has taken a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoThread {
    /// There is no thread, and none could be started.
    NoneStarts,
    /// The runtime has dropped the task, because it is shut down, or has no thread and gets none.
    RuntimeIsGone,
}

impl From<NoThread> for Cause {
    fn from(why: NoThread) -> Cause {
        match why {
            _ if !IS_THERE => (Reason::Error, "there are no threads on this platform").into(),
            NoThread::NoneStarts => (Reason::Error, "no thread could be started").into(),
            NoThread::RuntimeIsGone => (Reason::Dropped, "the runtime dropped the call").into(),
        }
    }
}

type BoxedWork = Box<dyn FnOnce() + Send>;

struct Pool {
    state: Mutex<PoolState>,
    pushed: Condvar,
    start: fn(&'static Pool) -> io::Result<()>,
}

struct PoolState {
    queue: VecDeque<BoxedWork>,
    threads: usize,
    idle: usize,
    limit: usize,
}

/// Calls `task` on a thread of the pool, or drops it if there is none.
pub(crate) fn push(task: BoxedWork) {
    #[cfg(test)]
    let pool = tests::POOL_HERE.get().unwrap_or(&POOL);
    #[cfg(not(test))]
    let pool = &POOL;
    pool.push(task);
}

/// See `Std::set_max_blocking_threads`.
pub(crate) fn set_limit(limit: NonZeroUsize) {
    POOL.lock().limit = limit.get();
}

fn start(pool: &'static Pool) -> io::Result<()> {
    let builder = thread::Builder::new().name("cancel-blocking".into());
    builder.spawn(move || pool.run()).map(drop)
}

impl Pool {
    const fn new(start: fn(&'static Pool) -> io::Result<()>) -> Self {
        Pool {
            state: Mutex::new(PoolState {
                queue: VecDeque::new(),
                threads: 0,
                idle: 0,
                limit: LIMIT,
            }),
            pushed: Condvar::new(),
            start,
        }
    }

    fn lock(&self) -> MutexGuard<'_, PoolState> {
        // Nothing panics half-way (1).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&'static self, task: BoxedWork) {
        let mut state = self.lock();
        state.queue.push_back(task);
        self.grow(&mut state);
        let lost = match state.threads {
            0 => std::mem::take(&mut state.queue), // (3)
            _ => VecDeque::new(),
        };
        drop(state);
        self.pushed.notify_one();
        drop(lost); // (foreign code, last)
    }

    /// Starts a thread if there is more to do than threads to do it. One attempt: if it fails, the threads
    /// that there are do the work.
    fn grow(&'static self, state: &mut PoolState) {
        if state.queue.len() > state.idle
            && state.threads < state.limit
            && (self.start)(self).is_ok()
        {
            state.threads += 1;
            state.idle += 1;
        }
    }

    /// The body of a thread.
    fn run(&'static self) {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.queue.pop_front() {
                state.idle -= 1;
                self.grow(&mut state); // what could not be done before
                drop(state);
                if let Err(payload) = catch_unwind(AssertUnwindSafe(task)) {
                    std::mem::forget(payload); // (those of the work itself go on in its future)
                }
                state = self.lock();
                state.idle += 1;
                continue;
            }
            let (locked, waited) = self
                .pushed
                .wait_timeout(state, PATIENCE)
                .unwrap_or_else(PoisonError::into_inner);
            state = locked;
            if waited.timed_out() && state.queue.is_empty() {
                state.idle -= 1;
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
