//! The background thread: runs tasks for programs that have no executor, one after the other.
//!
//! 1. Under the lock of the queue tasks are pushed and popped, nothing else: they are polled and
//!    dropped outside, since both are foreign code.
//! 2. `running` is true from before the thread is started until after it has ended, which it does
//!    only if something outside a task panics. Whoever pushes a task while it is false tries to
//!    start another thread, which goes on with the queue.
//! 3. A task that nobody can wake any more is dropped, as a future and not only as memory. For that
//!    the last reference has to be a waker: `async-task` 4.7 forgets the future when the end of a
//!    run is the last, so [`run`](Background::run) holds a waker meanwhile. Dropped last, that
//!    schedules the task once more, to be dropped.
//! 4. `async-task` aborts the process if a future panics in its drop; [`ContainedFuture`] catches it.

use cancel_core::SpawnError;
use pin_project::{pin_project, pinned_drop};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

static BACKGROUND: Background = Background::new(start);

struct Background {
    queue: Mutex<TaskQueue>,
    pushed: Condvar,
    /// How many panics of tasks were caught.
    panics: AtomicUsize,
    start: fn(&'static Background) -> io::Result<()>,
}

struct TaskQueue {
    tasks: VecDeque<async_task::Runnable>,
    running: bool,
}

/// Starts `future` as a task on the background thread of the process.
pub(crate) fn spawn<F>(future: F) -> Result<(), SpawnError>
where
    F: Future<Output = ()> + Send + 'static,
{
    BACKGROUND.spawn(future)
}

/// How many panics of background tasks were caught.
pub(crate) fn panics() -> usize {
    BACKGROUND.panics()
}

fn start(background: &'static Background) -> io::Result<()> {
    let builder = thread::Builder::new().name("cancel-background".into());
    builder.spawn(move || background.run()).map(drop)
}

impl Background {
    const fn new(start: fn(&'static Background) -> io::Result<()>) -> Self {
        let queue = TaskQueue {
            tasks: VecDeque::new(),
            running: false,
        };
        Background {
            queue: Mutex::new(queue),
            pushed: Condvar::new(),
            panics: AtomicUsize::new(0),
            start,
        }
    }

    fn spawn<F>(&'static self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let started = self.ensure_running(&mut self.lock());
        // Returning drops the future: not under the lock, which was a temporary.
        started.map_err(|_| SpawnError::new("the background thread could not be started"))?;
        let (runnable, task) =
            async_task::spawn(ContainedFuture::new(future, self), move |runnable| {
                self.push(runnable)
            });
        task.detach();
        runnable.schedule();
        Ok(())
    }

    /// Puts a task into the queue: a new one, or one that has been woken.
    fn push(&'static self, runnable: async_task::Runnable) {
        let mut queue = self.lock();
        queue.tasks.push_back(runnable);
        // On failure the task waits for a thread that a later push or spawn can start.
        let _ = self.ensure_running(&mut queue);
        drop(queue);
        self.pushed.notify_one();
    }

    fn ensure_running(&'static self, queue: &mut TaskQueue) -> io::Result<()> {
        if !queue.running {
            (self.start)(self)?;
            queue.running = true;
        }
        Ok(())
    }

    /// The body of the thread.
    fn run(&self) {
        let _ended = ThreadEnd(self);
        loop {
            let runnable = self.pop();
            let _last = runnable.waker(); // see 3
            // A task that panics has been closed and its future dropped when the panic gets here.
            self.contain(|| {
                runnable.run();
            });
        }
    }

    fn pop(&self) -> async_task::Runnable {
        let mut queue = self.lock();
        loop {
            if let Some(runnable) = queue.tasks.pop_front() {
                return runnable;
            }
            queue = self
                .pushed
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Calls `foreign`. Its panic is counted, and forgotten with the payload, whose own drop might
    /// panic.
    fn contain(&self, foreign: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(foreign)) {
            std::mem::forget(payload);
            // Relaxed: a statistic.
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn panics(&self) -> usize {
        self.panics.load(Ordering::Relaxed)
    }

    /// Poison is ignored: no section panics half-way (see 1).
    fn lock(&self) -> MutexGuard<'_, TaskQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that does not panic when it is dropped.
#[pin_project(PinnedDrop)]
struct ContainedFuture<F> {
    #[pin]
    future: Option<F>,
    background: &'static Background,
}

impl<F> ContainedFuture<F> {
    fn new(future: F, background: &'static Background) -> Self {
        ContainedFuture {
            future: Some(future),
            background,
        }
    }
}

impl<F: Future<Output = ()>> Future for ContainedFuture<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Ready(()),
        }
    }
}

#[pinned_drop]
impl<F> PinnedDrop for ContainedFuture<F> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.background.contain(|| this.future.set(None));
    }
}

/// Runs when the thread unwinds.
struct ThreadEnd<'a>(&'a Background);

impl Drop for ThreadEnd<'_> {
    fn drop(&mut self) {
        self.0.lock().running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn leak(start: fn(&'static Background) -> io::Result<()>) -> &'static Background {
        Box::leak(Box::new(Background::new(start)))
    }

    #[test]
    fn no_thread_drops_the_future() {
        let background = leak(|_| Err(io::ErrorKind::WouldBlock.into()));
        let held = Arc::new(());
        let in_task = held.clone();
        let refused = background.spawn(async move { drop(in_task) }).unwrap_err();
        assert_eq!(
            refused.description(),
            "the background thread could not be started"
        );
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(background.lock().tasks.is_empty());
    }

    #[test]
    fn panics_are_counted() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                std::panic::resume_unwind(Box::new("in the drop"));
            }
        }
        let background = leak(start);
        let (send, receive) = std::sync::mpsc::channel();
        // Silent: without the panic hook.
        let in_poll = async { std::panic::resume_unwind(Box::new("in the poll")) };
        let bomb = Bomb;
        background.spawn(in_poll).unwrap();
        background
            .spawn(async move {
                let _bomb = bomb;
                std::future::pending().await // nobody can wake it: dropped
            })
            .unwrap();
        background
            .spawn(async move { send.send(()).unwrap() })
            .unwrap();
        receive.recv().unwrap();
        while background.panics() < 2 {
            thread::yield_now();
        }
        assert_eq!(background.panics(), 2);
    }

    #[test]
    fn a_later_spawn_tries_again() {
        use std::sync::atomic::{AtomicBool, Ordering};
        static FAIL: AtomicBool = AtomicBool::new(true);
        // Relaxed: only this test's thread uses the flag.
        let background = leak(|background| match FAIL.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => start(background),
        });
        background.spawn(async {}).unwrap_err();
        FAIL.store(false, Ordering::Relaxed);
        let (send, receive) = std::sync::mpsc::channel();
        background
            .spawn(async move { send.send(()).unwrap() })
            .unwrap();
        receive.recv().unwrap();
    }

    #[test]
    fn a_thread_that_ended_is_replaced() {
        // The first "thread" ends at once without having run a task.
        let background = leak(|background| {
            thread::spawn(move || drop(ThreadEnd(background)));
            Ok(())
        });
        let (send, receive) = std::sync::mpsc::channel();
        background
            .spawn(async move { send.send(()).unwrap() })
            .unwrap();
        while background.lock().running {
            thread::yield_now();
        }
        assert_eq!(background.lock().tasks.len(), 1);
        thread::spawn(move || background.run());
        receive.recv().unwrap();
    }
}
