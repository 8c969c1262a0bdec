//! `VirtualTime`: a runtime whose clock moves when told to.
//!
//! Invariants
//!
//! * V1: no foreign code under the lock: wakers are cloned, woken and dropped, and tasks polled and
//!   dropped outside.
//! * V2: `holds` counts the threads that run something in `block_on` (once each, and not while they
//!   are idle), the [`TimeHold`]s, and the work on threads, which `works` counts on its own. Time jumps
//!   only at zero, when nobody has been woken.
//! * V3: wakers do not keep the clock: they stand in its own list.

use super::tasks::Tasks;
use super::timers::Timers;
use crate::basics::panics::forget;
use crate::operation::Cancelable;
use cancel_core::Instant;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Wake, Waker};
use std::time::Duration;

/// A runtime for tests: a clock that moves when told to, and an executor for tasks.
///
/// Clones share the clock and the tasks; each [`new`](VirtualTime::new) (and each default) is a world
/// of its own. [`block_on`](VirtualTime::block_on) runs a future together with all tasks, and moves
/// the clock to the next sleep whenever nothing else is left to do, so that an hour takes no time.
/// Without it, [`advance`](VirtualTime::advance) moves the clock and nobody else does.
///
/// All of it can be used from any thread. The same calls in the same order give the same results:
/// tasks run in the order in which they were woken, sleeps end in the order of their deadlines, and
/// with equal deadlines in the order in which they began to wait.
///
/// Tasks that refer to the clock keep it, and it keeps them: a test that leaves tasks behind leaks
/// them, unless it calls [`drop_tasks`](VirtualTime::drop_tasks).
///
/// # Examples
///
/// ```
/// use cancel_std::testing::VirtualTime;
/// use cancel_std::{Spawn, Timer};
/// use std::time::Duration;
///
/// let time = VirtualTime::new();
/// let clock = time.clone();
/// time.spawn(async move { clock.sleep(Duration::from_secs(60)).await.unwrap() }).unwrap();
/// time.block_on(time.sleep(Duration::from_secs(30))).unwrap();
/// assert_eq!(time.now().since_epoch(), Duration::from_secs(30));
/// assert_eq!((time.pending_tasks(), time.pending_timers()), (1, 1));
/// # time.drop_tasks();
/// ```
#[derive(Clone)]
pub struct VirtualTime {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    state: Mutex<VirtualState>,
    /// Rung when something has been woken, or a hold released.
    pub(super) changed: Condvar,
}

pub(super) struct VirtualState {
    pub(super) timers: Timers,
    pub(super) tasks: Tasks,
    pub(super) holds: usize,
    pub(super) works: usize,
    pub(super) patience: Duration,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, VirtualState> {
        // Nothing can panic half-way (V1).
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn release(&self) {
        self.lock().holds -= 1;
        self.changed.notify_all();
    }
}

/// Wakes what has this number (V3).
pub(super) struct WakeId {
    pub(super) id: u64,
    pub(super) shared: Weak<Shared>,
}

impl Wake for WakeId {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        if shared.lock().tasks.wake(self.id) {
            shared.changed.notify_all();
        }
    }
}

/// Wakes all, whichever of them panic. The first panic goes on.
pub(super) fn wake_all(wakers: Vec<Waker>) {
    let mut first = None;
    for waker in wakers {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            match first {
                None => first = Some(payload),
                Some(_) => forget(payload),
            }
        }
    }
    if let Some(payload) = first {
        resume_unwind(payload);
    }
}

impl VirtualTime {
    /// A clock that stands at its epoch, and no tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Instant;
    /// use cancel_std::testing::VirtualTime;
    ///
    /// assert_eq!(VirtualTime::new().now(), Instant::EPOCH);
    /// ```
    pub fn new() -> Self {
        VirtualTime::starting_at(Instant::EPOCH)
    }

    /// Creates a clock that stands at `now`, and no tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Instant;
    /// use cancel_std::testing::VirtualTime;
    /// use std::time::Duration;
    ///
    /// let start = Instant::EPOCH + Duration::from_secs(1000);
    /// assert_eq!(VirtualTime::starting_at(start).now(), start);
    /// ```
    pub fn starting_at(now: Instant) -> Self {
        let state = VirtualState {
            timers: Timers::new(now),
            tasks: Tasks::default(),
            holds: 0,
            works: 0,
            patience: Duration::from_secs(5),
        };
        let shared = Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        VirtualTime {
            shared: Arc::new(shared),
        }
    }

    /// An operation on this clock: [`Cancelable::on`].
    ///
    /// # Examples
    ///
    /// ```
    /// let time = cancel_std::testing::VirtualTime::new();
    /// let op = time.operation().name("fetch");
    /// assert_eq!(time.block_on(op.run(async |_| 5)), Ok(5));
    /// ```
    pub fn operation(&self) -> Cancelable<VirtualTime> {
        Cancelable::on(self.clone())
    }

    /// Returns the current moment. (Also without the trait [`Timer`](cancel_core::Timer) in scope.)
    ///
    /// # Examples
    ///
    /// ```
    /// let time = cancel_std::testing::VirtualTime::new();
    /// let before = time.now();
    /// time.advance(std::time::Duration::from_secs(5));
    /// assert_eq!((time.now() - before).as_secs(), 5);
    /// ```
    pub fn now(&self) -> Instant {
        self.shared.lock().timers.now
    }

    /// Moves the clock by `duration`, and wakes the sleeps that are over, in the order of their
    /// deadlines. Zero does nothing; the clock stops at [`Instant::FAR_FUTURE`].
    ///
    /// It is one step: nobody runs before the clock has reached its new time, so something that
    /// happens every second happens once in ten. To let ten seconds pass for it, one second after the
    /// other, [`block_on`](VirtualTime::block_on) a sleep of ten seconds.
    ///
    /// # Panics
    ///
    /// With the first panic of the wakers. All others have been woken by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Timer;
    /// use cancel_std::testing::VirtualTime;
    /// use std::future::Future;
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// let mut sleep = pin!(time.sleep(Duration::from_secs(10)));
    /// let mut cx = Context::from_waker(Waker::noop());
    /// time.advance(Duration::from_secs(9));
    /// assert!(sleep.as_mut().poll(&mut cx).is_pending());
    /// time.advance(Duration::from_secs(1));
    /// assert_eq!(sleep.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    /// ```
    pub fn advance(&self, duration: Duration) {
        let mut state = self.shared.lock();
        let to = state.timers.now + duration;
        let due = state.timers.go_to(to);
        drop(state);
        wake_all(due);
    }

    /// Moves the clock to the earliest deadline that something waits for, and wakes it.
    ///
    /// # Returns
    ///
    /// The new time, or `None` if nothing waits: the clock stays where it is.
    ///
    /// # Panics
    ///
    /// As [`advance`](VirtualTime::advance).
    ///
    /// # Examples
    ///
    /// ```
    /// let time = cancel_std::testing::VirtualTime::new();
    /// assert_eq!(time.advance_to_next(), None);
    /// ```
    pub fn advance_to_next(&self) -> Option<Instant> {
        let mut state = self.shared.lock();
        let next = state.timers.next()?;
        let due = state.timers.go_to(next);
        drop(state);
        wake_all(due);
        Some(next)
    }

    /// Lets all sleeps fail from now on, with a [`TimerError`](cancel_core::TimerError) that says `why`: what code under test
    /// does when its timer dies.
    ///
    /// # Panics
    ///
    /// As [`advance`](VirtualTime::advance).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::VirtualTime;
    /// use cancel_std::{Reason, Timer};
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// time.fail("driver gone");
    /// let run = time.operation().run(async |cx| cx.sleep(Duration::from_secs(5)).await);
    /// assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Error);
    /// ```
    pub fn fail(&self, why: &'static str) {
        let wakers = self.shared.lock().timers.fail(why);
        wake_all(wakers);
    }

    /// Keeps [`block_on`](VirtualTime::block_on) from moving the clock by itself, until the guard is
    /// dropped: for as long as another thread works on something that takes no virtual time.
    /// [`advance`](VirtualTime::advance) still works.
    ///
    /// What operations do on threads ([`run_in_thread`](crate::Cx::run_in_thread) and the others named at
    /// [`block_on`](VirtualTime::block_on)) holds the clock by itself; this is for threads of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::VirtualTime;
    /// use std::time::Duration;
    ///
    /// let time = VirtualTime::new();
    /// let op = time.operation().timeout(Duration::from_secs(60)).build();
    /// let (handle, hold) = (op.clone(), time.hold());
    /// let thread = std::thread::spawn(move || {
    ///     handle.cancel_with("before its timeout, however late");
    ///     drop(hold);
    /// });
    /// let cancelled = time.block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().message(), Some("before its timeout, however late"));
    /// assert_eq!(time.now(), cancel_std::Instant::EPOCH);
    /// # thread.join().unwrap();
    /// ```
    pub fn hold(&self) -> TimeHold {
        self.shared.lock().holds += 1;
        TimeHold {
            shared: self.shared.clone(),
        }
    }
}

impl Default for VirtualTime {
    fn default() -> Self {
        VirtualTime::new()
    }
}

impl fmt::Debug for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("VirtualTime");
        if let Ok(state) = self.shared.state.try_lock() {
            debug
                .field("now", &state.timers.now)
                .field("pending_timers", &state.timers.len())
                .field("pending_tasks", &state.tasks.len());
        }
        debug.finish_non_exhaustive()
    }
}

/// Keeps the clock from being moved by [`block_on`](VirtualTime::block_on). Made by
/// [`hold`](VirtualTime::hold).
///
/// # Examples
///
/// ```
/// let time = cancel_std::testing::VirtualTime::new();
/// let hold = time.hold();
/// drop(hold);
/// ```
#[must_use = "the clock is free again when this is dropped"]
pub struct TimeHold {
    shared: Arc<Shared>,
}

impl Drop for TimeHold {
    fn drop(&mut self) {
        self.shared.release();
    }
}

impl fmt::Debug for TimeHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeHold")
    }
}
