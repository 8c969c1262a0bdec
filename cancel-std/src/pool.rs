//! The process's pool of threads for blocking work, where there are threads.
//!
//! 1. Under the lock tasks are pushed and popped, numbers change, and threads are started; tasks are run
//!    and dropped outside, since both are foreign code.
//! 2. `idle` counts the threads that will look at the queue before they wait or end, those that wait, and
//!    those that are being started. `threads` counts all.
//! 3. A queued task has a thread: outside of the lock `threads` is zero only if the queue is empty. If
//!    the first thread cannot be started, all that is queued is dropped, which ends the futures with
//!    [`NoThread`].

use async_task::{Builder, Runnable};
use cancel_core::{Cause, Reason};
use std::collections::VecDeque;
use std::future::Future;
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

/// There is no thread, and none could be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoThread;

impl From<NoThread> for Cause {
    fn from(_: NoThread) -> Cause {
        match IS_THERE {
            true => (Reason::Error, "no thread could be started").into(),
            false => (Reason::Error, "there are no threads on this platform").into(),
        }
    }
}

struct Pool {
    state: Mutex<PoolState>,
    pushed: Condvar,
    start: fn(&'static Pool) -> io::Result<()>,
}

struct PoolState {
    queue: VecDeque<Runnable>,
    threads: usize,
    idle: usize,
    limit: usize,
}

/// Calls `f` on a thread of the pool.
///
/// Dropping the future before `f` has begun drops `f`; after that it goes on alone. A panic of `f` goes
/// on in the future.
pub(crate) fn unblock<T, F>(f: F) -> impl Future<Output = Result<T, NoThread>> + Send
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    #[cfg(test)]
    let pool = tests::POOL_HERE.get().unwrap_or(&POOL);
    #[cfg(not(test))]
    let pool = &POOL;
    pool.call(f)
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

    fn call<T, F>(
        &'static self,
        f: F,
    ) -> impl Future<Output = Result<T, NoThread>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let work = async move { f() };
        let builder = Builder::new().propagate_panic(true);
        let (runnable, task) = builder.spawn(move |&()| work, move |runnable| self.push(runnable));
        runnable.schedule();
        let task = task.fallible();
        // Only a dropped task has no output.
        async move { task.await.ok_or(NoThread) }
    }

    fn push(&'static self, runnable: Runnable) {
        let mut state = self.lock();
        state.queue.push_back(runnable);
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
            if let Some(runnable) = state.queue.pop_front() {
                state.idle -= 1;
                self.grow(&mut state); // what could not be done before
                drop(state);
                if let Err(payload) = catch_unwind(AssertUnwindSafe(|| runnable.run())) {
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
