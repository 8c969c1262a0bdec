//! Running futures on virtual time.
//!
//! The main future and the tasks are polled in the order in which they were woken. When nothing is
//! ready, time jumps; when nothing is left to jump to, other threads have a moment to wake something;
//! then it is a deadlock.

use super::tasks::{Next, TaskWork};
use super::time::{Shared, VirtualState, VirtualTime, WakeId, wake_all};
use crate::threads::blocking::rest;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// How long at least, in real time, a work on a thread may take.
const LONGEST_WORK: Duration = Duration::from_secs(60);

thread_local! {
    /// The calls of `block_on` on this thread: which clock, and which main.
    static RUNNING: RefCell<Vec<(*const Shared, u64)>> = const { RefCell::new(Vec::new()) };
}

impl VirtualTime {
    /// Runs `future` and all tasks on this thread until `future` is ready.
    ///
    /// Whenever nothing is ready, the clock jumps to the next deadline that something waits for: real
    /// time does not matter. Tasks that have not ended go on in the next call.
    ///
    /// Several threads may run something on the same clock: it jumps when none of them has anything to
    /// do. It may be called within itself.
    ///
    /// Nor does it jump while operations on this clock work on other threads: in
    /// [`run_in_thread`](crate::Cx::run_in_thread), in [`run_blocking`](crate::Cancelable::run_blocking),
    /// in a [condition](crate::Condition) that may block. Such work takes no virtual time, except where it
    /// waits in [`sleep_blocking`](crate::Cx::sleep_blocking) or in a call of this. So a work that waits for
    /// virtual time in any other way (for a message of a task that sleeps, say) never ends.
    ///
    /// Of what else other threads do it knows nothing, and does not wait for it while there are
    /// deadlines to jump to: see [`hold`](VirtualTime::hold).
    ///
    /// # Panics
    ///
    /// If the future or a task does, or a waker. And with "nothing is left to wait for: deadlock" if
    /// `future` cannot become ready any more: nothing has been woken, nothing waits for the clock, and no
    /// thread wakes anything within five seconds of real time. (See
    /// [`set_patience`](VirtualTime::set_patience). If nobody has a waker of `future`, it is at once. A work
    /// on a thread has at least a minute.)
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::VirtualTime;
    /// use cancel_std::{Spawn, Timer};
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// let (send, receive) = mpsc::channel();
    /// for seconds in [30, 10, 20] {
    ///     let (send, time) = (send.clone(), time.clone());
    ///     time.clone().spawn(async move {
    ///         time.sleep(Duration::from_secs(seconds)).await.unwrap();
    ///         send.send((seconds, time.now().since_epoch().as_secs())).unwrap();
    ///     })
    ///     .unwrap();
    /// }
    /// time.block_on(time.sleep(Duration::from_secs(60))).unwrap();
    /// assert_eq!(receive.try_iter().collect::<Vec<_>>(), [(10, 10), (20, 20), (30, 30)]);
    /// ```
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(deadlock) => panic!("{deadlock}"),
        }
    }

    /// [`block_on`](VirtualTime::block_on), with an error instead of a panic if nothing is left to wait
    /// for.
    ///
    /// # Errors
    ///
    /// [`Deadlock`]: the future has been dropped. Tasks are left as they are.
    ///
    /// # Panics
    ///
    /// If the future or a task does, or a waker.
    ///
    /// # Examples
    ///
    /// ```
    /// let time = cancel_std::testing::VirtualTime::new();
    /// let deadlock = time.try_block_on(std::future::pending::<()>()).unwrap_err();
    /// assert!(deadlock.to_string().starts_with("nothing is left to wait for: deadlock"));
    /// ```
    pub fn try_block_on<F: Future>(&self, future: F) -> Result<F::Output, Deadlock> {
        let main = Entered::new(&self.shared);
        let waker = Waker::from(main.waker.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            let next = self.shared.lock().tasks.take(Some(main.waker.id));
            match next {
                Some(Next::Task(id, work, waker)) => self.poll_task(id, work, waker),
                Some(Next::Main) => {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                        return Ok(output);
                    }
                }
                None => {
                    let _rest = rest();
                    main.idle()?;
                }
            }
        }
    }

    /// Runs the tasks that are ready until none is, without moving the clock.
    ///
    /// # Panics
    ///
    /// If a task does.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Spawn;
    /// use cancel_std::testing::VirtualTime;
    ///
    /// let time = VirtualTime::new();
    /// let op = time.operation().build();
    /// let run = op.run(async |_| std::future::pending::<()>().await);
    /// time.spawn(async { drop(run.await) }).unwrap();
    /// time.run_ready();
    /// op.cancel();
    /// time.run_ready();
    /// assert!(op.status().is_final());
    /// ```
    pub fn run_ready(&self) {
        loop {
            let next = self.shared.lock().tasks.take(None);
            let Some(Next::Task(id, work, waker)) = next else {
                break;
            };
            self.poll_task(id, work, waker);
        }
    }

    /// How long, in real time, [`block_on`](VirtualTime::block_on) waits for other threads when nothing
    /// else is left to do. Zero is not at all; the default is five seconds. While an operation works on
    /// a thread it is a minute, or longer if this is longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::VirtualTime;
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// time.set_patience(Duration::ZERO);
    /// let token = CancelToken::new();
    /// assert!(time.try_block_on(token.cancelled()).is_err());
    /// ```
    pub fn set_patience(&self, patience: Duration) {
        self.shared.lock().patience = patience;
    }

    fn poll_task(&self, id: u64, mut work: TaskWork, waker: Waker) {
        let ended = RunEnd {
            shared: &self.shared,
            id,
        };
        let poll = work.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_pending() {
            std::mem::forget(ended);
            let given_up = self.shared.lock().tasks.put_back(id, work);
            drop(given_up);
        }
    }
}

/// Takes out a task, also if it panics.
struct RunEnd<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Drop for RunEnd<'_> {
    fn drop(&mut self) {
        let waker = self.shared.lock().tasks.remove(self.id);
        drop(waker);
    }
}

/// One call of `block_on`.
struct Entered<'a> {
    shared: &'a Arc<Shared>,
    waker: Arc<WakeId>,
    /// The main of the call around this one.
    outer: Option<u64>,
}

impl<'a> Entered<'a> {
    fn new(shared: &'a Arc<Shared>) -> Self {
        let outer = RUNNING.with_borrow(|running| {
            let mut here = running.iter().rev();
            here.find(|(clock, _)| *clock == Arc::as_ptr(shared))
                .map(|(_, id)| *id)
        });
        let mut state = shared.lock();
        let id = state.tasks.new_id();
        state.tasks.add_main(id);
        match outer {
            Some(outer) => state.tasks.suspend_main(outer, true),
            None => state.holds += 1, // one for the thread (V2)
        }
        drop(state);
        RUNNING.with_borrow_mut(|running| running.push((Arc::as_ptr(shared), id)));
        let waker = Arc::new(WakeId {
            id,
            shared: Arc::downgrade(shared),
        });
        Entered {
            shared,
            waker,
            outer,
        }
    }

    /// Returns once something may be ready.
    fn idle(&self) -> Result<(), Deadlock> {
        let mut state = self.shared.lock();
        // Since when nothing has happened, with how much work on threads.
        let mut since = None;
        state.holds -= 1;
        // (Not reached by a panic of a waker below: the hold is back by then.)
        while !state.tasks.has(self.waker.id) {
            // Under the lock: whoever wakes it takes the lock first, and drops the waker later.
            // Beside this one and the one in the context of `try_block_on`.
            if Arc::strong_count(&self.waker) <= 2 {
                return Err(self.deadlock(state));
            }
            match state.timers.next() {
                Some(next) if state.holds == 0 && state.tasks.is_idle() => {
                    state.holds += 1;
                    let due = state.timers.go_to(next);
                    drop(state);
                    wake_all(due);
                    state = self.shared.lock();
                    state.holds -= 1;
                }
                _ => {
                    let now = Instant::now();
                    let patience = match state.works {
                        0 => state.patience,
                        _ => state.patience.max(LONGEST_WORK),
                    };
                    let begun = match since {
                        Some((works, begun)) if works == state.works => begun,
                        _ => now,
                    };
                    since = Some((state.works, begun));
                    // (One too far away is none.)
                    let until = begun.checked_add(patience);
                    let left = until.map(|until| until.saturating_duration_since(now));
                    if left == Some(Duration::ZERO) {
                        return Err(self.deadlock(state));
                    }
                    const LONGEST: Duration = Duration::from_secs(24 * 3600);
                    let left = left.unwrap_or(LONGEST).min(LONGEST);
                    let woken = self.shared.changed.wait_timeout(state, left);
                    state = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
        state.holds += 1;
        Ok(())
    }

    fn deadlock(&self, mut state: MutexGuard<'_, VirtualState>) -> Deadlock {
        let deadlock = Deadlock {
            now: state.timers.now,
            tasks: state.tasks.len(),
            timers: state.timers.len(),
            holds: state.holds,
        };
        state.holds += 1;
        deadlock
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| running.pop());
        let mut state = self.shared.lock();
        state.tasks.remove_main(self.waker.id);
        match self.outer {
            Some(outer) => state.tasks.suspend_main(outer, false),
            None => state.holds -= 1,
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

/// Nothing is left that could wake a future. What
/// [`try_block_on`](VirtualTime::try_block_on) fails with.
///
/// # Examples
///
/// ```
/// let time = cancel_std::testing::VirtualTime::new();
/// let deadlock = time.try_block_on(std::future::pending::<()>()).unwrap_err();
/// assert_eq!(
///     deadlock.to_string(),
///     "nothing is left to wait for: deadlock (at 0ns, with 0 tasks and 0 timers pending)",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    now: cancel_core::Instant,
    tasks: usize,
    timers: usize,
    holds: usize,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "nothing is left to wait for: deadlock (at {:?}, with {} tasks and {} timers pending)",
            self.now.since_epoch(),
            self.tasks,
            self.timers
        )?;
        match self.holds {
            0 => Ok(()),
            holds => write!(f, ", and {holds} holding the clock"),
        }
    }
}

impl std::error::Error for Deadlock {}
