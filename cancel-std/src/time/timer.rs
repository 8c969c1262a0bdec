//! The timer of this crate: sleeps on a timing wheel that one thread of the process turns.
//!
//! Lowest first: `ticks` (units), `wheel` (where entries are; pure), `shared` (locks and who is
//! told what; the invariants), `thread` (turns the wheel), and here the future.

mod ticks;

mod wheel;

mod shared;

mod thread;

#[cfg(test)]
mod tests;

use crate::time::clock;
use cancel_core::{Instant, TimerError};
use shared::{RegisteredSleep, SharedTimer, SleepKey};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use wheel::Fate;

/// The timer of the process.
static TIMER: SharedTimer = SharedTimer::new(thread::start);

/// How many wakers have panicked on the timer thread.
pub(crate) fn panics() -> usize {
    TIMER.panics()
}

/// A future that resolves when a deadline has come: the sleep of [`Std`](crate::Std).
///
/// Made by [`Timer::sleep`](cancel_core::Timer::sleep) (a [`Duration`]) and
/// [`Timer::sleep_until`](cancel_core::Timer::sleep_until) (an [`Instant`]). It needs no executor: one thread, `cancel-timer`,
/// serves all sleeps of the process. It is started by the first sleep that has to wait.
///
/// # Accuracy
///
/// Never early: when it resolves with `Ok`, `Std.now() >= deadline`. It is woken at the first whole
/// millisecond after the deadline; to that one millisecond come the time that the operating system
/// takes to run the timer thread and the executor, and the wakers that are due before. Those of the
/// whole process are called one after the other on the timer thread: one waker that blocks delays
/// all sleeps for as long. (Wakers of executors do not block.)
///
/// The first poll, and the first after a [`reset`](Sleep::reset), are ready without waiting if the
/// deadline has come. So zero never waits, and neither does the past. Only a
/// [`sleep`](cancel_core::Timer::sleep) (or `sleep_from`) of one second or more whose first poll comes later than its
/// deadline may be pending once, and is woken at once.
///
/// A deadline of 139 years or more after the epoch ([`Instant::FAR_FUTURE`]) is never reached and costs
/// nothing.
///
/// # Cost
///
/// The first poll that has to wait registers the sleep, and dropping it deregisters it. Both take a
/// short lock, are O(1), and allocate only when there are more sleeps at a time than ever before.
/// Polling again with the same waker changes nothing.
///
/// # Errors
///
/// [`TimerError`] if the timer thread could not be started, or died while this sleep waited. Later
/// sleeps try to start it again.
///
/// # Panics
///
/// None of its own. A panic of the task's waker in clone or drop goes to the caller of `poll` or of
/// the drop, after which the sleep is still in order; one in wake is caught on the timer thread, and
/// the other sleeps are woken all the same.
///
/// # Cancel safety
///
/// May be dropped at any time, and moved between polls (it is [`Unpin`]). Polled again after it was
/// ready, it gives the same result again.
///
/// # Examples
///
/// ```
/// use cancel_std::{Std, Timer};
/// use std::time::Duration;
///
/// smol::block_on(async {
///     let deadline = Std.now() + Duration::from_millis(5);
///     Std.sleep_until(deadline).await.unwrap();
///     assert!(Std.now() >= deadline);
/// });
/// ```
#[must_use = "a sleep does nothing unless it is polled or awaited"]
pub struct Sleep {
    timer: &'static SharedTimer,
    deadline: Instant,
    state: SleepState,
}

#[derive(Debug)]
enum SleepState {
    /// Not registered.
    Idle(Known),
    /// Registered. `moved` since the last poll, by `reset`.
    Armed {
        key: SleepKey,
        moved: bool,
    },
    Done(Result<(), TimerError>),
}

/// What the first poll knows without reading the clock.
#[derive(Clone, Copy, Debug)]
enum Known {
    Nothing,
    /// The deadline was the present, or before it.
    Passed,
    /// The deadline was at least [`LONG`] away.
    Ahead,
}

/// From this on the first poll of a relative sleep takes it that the deadline is still ahead.
const LONG: Duration = Duration::from_secs(1);

impl Sleep {
    /// A sleep of the process's timer until `deadline`.
    #[inline]
    pub(crate) fn until(deadline: Instant) -> Self {
        Sleep::on(&TIMER, deadline, Known::Nothing)
    }

    /// A sleep of the process's timer until `deadline`, made at `now`, or not long after.
    #[inline]
    pub(crate) fn between(now: Instant, deadline: Instant) -> Self {
        let duration = deadline - now;
        // Reading the clock is half of what a sleep costs. That is not done twice for long ones,
        // which hardly ever pass before their first poll.
        let known = if duration >= LONG {
            Known::Ahead
        } else if duration.is_zero() {
            Known::Passed
        } else {
            Known::Nothing
        };
        Sleep::on(&TIMER, deadline, known)
    }

    #[inline]
    fn on(timer: &'static SharedTimer, deadline: Instant, known: Known) -> Self {
        Sleep {
            timer,
            deadline,
            state: SleepState::Idle(known),
        }
    }

    /// Returns the moment at which this sleep ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Std, Timer};
    /// use std::time::Duration;
    ///
    /// let in_an_hour = Std.now() + Duration::from_secs(3600);
    /// assert_eq!(Std.sleep_until(in_an_hour).deadline(), in_an_hour);
    /// ```
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Gives this sleep another deadline, earlier or later.
    ///
    /// A sleep that is waiting stays registered with the waker of its last poll, and that is woken
    /// when the new deadline comes, or soon if it has come. A sleep that was ready starts anew. If
    /// the last poll did not register the sleep (there was none, it was ready, or the deadline was
    /// out of reach), the next one does: poll it once more.
    ///
    /// A wake-up for the old deadline may still be under way; it does no harm.
    ///
    /// # Examples
    ///
    /// An idle timeout, put off by every message:
    ///
    /// ```
    /// use cancel_std::{Std, Timer};
    /// use std::time::Duration;
    ///
    /// smol::block_on(async {
    ///     let mut idle = Std.sleep(Duration::from_millis(5));
    ///     for _message in 0..3 {
    ///         idle.reset(Std.now() + Duration::from_millis(5));
    ///     }
    ///     let deadline = idle.deadline();
    ///     idle.await.unwrap();
    ///     assert!(Std.now() >= deadline);
    /// });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if let SleepState::Armed { key, moved } = &mut self.state {
            if self.timer.rearm(key, ticks::up(deadline)) {
                *moved = true;
                return;
            }
        }
        // A key whose entry has gone out has no waker any more; its task is being woken.
        self.disarm(SleepState::Idle(Known::Nothing));
    }

    /// Leaves the timer, if registered, and becomes `next`.
    #[inline]
    fn disarm(&mut self, next: SleepState) {
        if let SleepState::Armed { key, .. } = std::mem::replace(&mut self.state, next) {
            // Dropped here: outside the lock, and after the change of state, since it may panic.
            drop(self.timer.deregister(&key));
        }
    }

    fn finish(&mut self, result: Result<(), TimerError>) -> Poll<Result<(), TimerError>> {
        self.disarm(SleepState::Done(result));
        Poll::Ready(result)
    }

    #[inline]
    fn poll_idle(&mut self, known: Known, cx: &mut Context<'_>) -> Poll<Result<(), TimerError>> {
        let when = ticks::up(self.deadline);
        if when == ticks::NEVER {
            return Poll::Pending;
        }
        let passed = match known {
            Known::Nothing => self.deadline <= clock::now(),
            Known::Passed => true,
            Known::Ahead => false,
        };
        if passed {
            return self.finish(Ok(()));
        }
        match self.timer.register(when, cx.waker().clone()) {
            Ok(RegisteredSleep::Waiting(key)) => {
                self.state = SleepState::Armed { key, moved: false };
                Poll::Pending
            }
            Ok(RegisteredSleep::Due) => self.finish(Ok(())),
            Err(error) => self.finish(Err(error)),
        }
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.state {
            SleepState::Idle(known) => {
                let known = *known;
                this.poll_idle(known, cx)
            }
            SleepState::Armed { key, moved } => {
                if std::mem::take(moved) && this.deadline <= clock::now() {
                    return this.finish(Ok(()));
                }
                match this.timer.renew(key, cx.waker()) {
                    Fate::Waiting => Poll::Pending,
                    Fate::Fired => this.finish(Ok(())),
                    Fate::Failed => this.finish(Err(shared::DIED)),
                }
            }
            SleepState::Done(result) => Poll::Ready(*result),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        self.disarm(SleepState::Idle(Known::Nothing));
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            SleepState::Idle(_) => "idle",
            SleepState::Armed { .. } => "armed",
            SleepState::Done(_) => "done",
        };
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("state", &format_args!("{state}"))
            .finish_non_exhaustive()
    }
}
