//! What sleeping tasks and the timer thread share: the shards, and the control of the thread.
//!
//! ```text
//!   tasks ──> shard 0..3: Mutex { wheel, wake_at, open }  <── timer thread
//!     └─────> control:    Mutex { running, notified } + Condvar ──┘
//! ```
//!
//! Invariants:
//!
//! 1. `wake_at` of an open shard is a tick at which the thread will look at the shard, or earlier:
//!    it was found by the thread under the shard's lock, or lowered by somebody who notifies the
//!    thread after letting go of that lock. It may be too early, when entries have been removed.
//! 2. `notified` is cleared only by the thread on its way to look at all shards. So a notification
//!    is not lost whatever the thread is doing when it comes.
//! 3. `open` of all shards equals `running`, seen with the control lock held. A shard that is not
//!    open takes no entries and has none that are waiting.
//! 4. Lock order: control before shard. Never two shards. Tasks let go of a shard before they
//!    notify or start the thread.
//! 5. Nothing foreign runs under a lock: wakers are cloned before, woken and dropped after.
//!
//! There is no atomic in the wait path; all pairing is by the locks.

use super::ticks::NEVER;
use super::wheel::{Fate, Wheel};
use cancel_core::TimerError;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

const SHARDS: usize = 4;
/// The names of all shards.
pub(super) const ALL: std::ops::Range<u8> = 0..SHARDS as u8;

pub(super) const NOT_STARTED: TimerError = TimerError::new("the timer thread could not be started");
pub(super) const DIED: TimerError = TimerError::new("the timer thread died");

#[derive(Debug)]
pub(super) struct SharedTimer {
    shards: [Shard; SHARDS],
    control: Mutex<Control>,
    notify: Condvar,
    start: fn(&'static SharedTimer) -> io::Result<()>,
    /// How many wakers panicked.
    panics: AtomicUsize,
}

/// Apart from each other, so that two threads do not share a cache line (or a prefetched pair).
#[derive(Debug)]
#[repr(align(128))]
struct Shard(Mutex<TimerState>);

#[derive(Debug)]
struct TimerState {
    wheel: Wheel<Waker>,
    wake_at: u64,
    open: bool,
}

#[derive(Debug)]
struct Control {
    running: bool,
    notified: bool,
}

/// Where an entry is. It belongs to the one sleep that registered it.
#[derive(Debug)]
pub(super) struct SleepKey {
    shard: u8,
    entry: u32,
}

/// How registering went.
#[derive(Debug)]
pub(super) enum RegisteredSleep {
    Waiting(SleepKey),
    /// The tick had passed already; there is no entry.
    Due,
}

impl SharedTimer {
    /// `start` starts the thread, which then runs [`thread::run`](super::thread::run).
    pub(super) const fn new(start: fn(&'static SharedTimer) -> io::Result<()>) -> Self {
        SharedTimer {
            shards: [const { Shard::new() }; SHARDS],
            control: Mutex::new(Control {
                running: false,
                notified: false,
            }),
            notify: Condvar::new(),
            start,
            panics: AtomicUsize::new(0),
        }
    }

    // ---- for sleeps ----

    /// Arranges for `waker` to be woken once tick `when` (not `NEVER`) has begun. Starts the
    /// thread if it is not running.
    #[inline]
    pub(super) fn register(
        &'static self,
        when: u64,
        waker: Waker,
    ) -> Result<RegisteredSleep, TimerError> {
        let shard = my_shard();
        // Twice: a thread may start and die before the shard is locked again.
        for _ in 0..2 {
            let mut inner = self.shard(shard).lock();
            if !inner.open {
                drop(inner);
                self.ensure_running()?;
                continue;
            }
            if when <= inner.wheel.elapsed() {
                drop(inner);
                return Ok(RegisteredSleep::Due);
            }
            let entry = inner.wheel.insert(when, waker);
            self.hurry(inner, when);
            return Ok(RegisteredSleep::Waiting(SleepKey { shard, entry }));
        }
        Err(DIED)
    }

    /// Frees the entry. The waker is handed back to be dropped without a lock.
    #[inline]
    pub(super) fn deregister(&self, key: &SleepKey) -> Option<Waker> {
        self.shard(key.shard).lock().wheel.remove(key.entry)
    }

    /// What has become of the entry; if it waits, it will wake `waker` from now on.
    pub(super) fn renew(&self, key: &SleepKey, waker: &Waker) -> Fate {
        let shard = self.shard(key.shard);
        {
            let mut inner = shard.lock();
            let fate = inner.wheel.fate(key.entry);
            let same = |held: &Waker| held.will_wake(waker);
            if fate != Fate::Waiting || inner.wheel.item(key.entry).as_ref().is_some_and(same) {
                return fate;
            }
        }
        // Invariant 5: the lock is let go of for the clone, and the entry may fire meanwhile.
        let mut spare = Some(waker.clone());
        let mut inner = shard.lock();
        let fate = inner.wheel.fate(key.entry);
        if fate == Fate::Waiting {
            std::mem::swap(inner.wheel.item(key.entry), &mut spare);
        }
        drop(inner);
        drop(spare);
        fate
    }

    /// Moves the entry to another tick, with the waker it has. False if it has gone out.
    pub(super) fn rearm(&self, key: &SleepKey, when: u64) -> bool {
        let mut inner = self.shard(key.shard).lock();
        if inner.wheel.fate(key.entry) != Fate::Waiting {
            return false;
        }
        inner.wheel.relink(key.entry, when);
        self.hurry(inner, when);
        true
    }

    /// Notifies the thread if it would come too late for `when`.
    #[inline]
    fn hurry(&self, mut inner: MutexGuard<'_, TimerState>, when: u64) {
        if when < inner.wake_at {
            inner.wake_at = when;
            drop(inner);
            self.notify();
        }
    }

    #[cold]
    fn notify(&self) {
        lock(&self.control).notified = true;
        self.notify.notify_one();
    }

    #[cold]
    fn ensure_running(&'static self) -> Result<(), TimerError> {
        let mut control = lock(&self.control);
        if !control.running {
            (self.start)(self).map_err(|_| NOT_STARTED)?;
            control.running = true;
            for shard in &self.shards {
                let mut inner = shard.lock();
                inner.open = true;
                inner.wake_at = NEVER;
            }
        }
        Ok(())
    }

    #[inline]
    fn shard(&self, index: u8) -> &Shard {
        &self.shards[usize::from(index) % SHARDS]
    }

    // ---- for the thread ----

    /// Moves one shard on to tick `now`, and puts wakers to wake into `batch`.
    ///
    /// Returns the tick at which the thread has to come back, or nothing if there is more to do
    /// now, after the batch.
    pub(super) fn serve(&self, shard: u8, now: u64, batch: &mut Vec<Waker>) -> Option<u64> {
        let mut inner = self.shard(shard).lock();
        if !inner.wheel.advance(now, batch) {
            return None;
        }
        inner.wake_at = inner.wheel.next_event();
        Some(inner.wake_at)
    }

    /// Waits for a notification, or until `left` is zero; `None` is no limit.
    pub(super) fn rest(&self, left: impl Fn() -> Option<Duration>) {
        let mut control = lock(&self.control);
        while !control.notified {
            control = match left() {
                Some(left) if left.is_zero() => break,
                Some(left) => {
                    self.notify
                        .wait_timeout(control, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None => self
                    .notify
                    .wait(control)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
        control.notified = false;
    }

    /// The thread is gone: no entry waits any more. Hands out all wakers.
    pub(super) fn close(&self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        let mut control = lock(&self.control);
        control.running = false;
        control.notified = false;
        for shard in &self.shards {
            let mut inner = shard.lock();
            inner.open = false;
            wakers.append(&mut inner.wheel.fail_all());
        }
        wakers
    }

    pub(super) fn count_panic(&self) {
        // Relaxed: a statistic. It publishes nothing, and whoever reads it has another way to know
        // that the wake was over.
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn panics(&self) -> usize {
        // Relaxed: see `count_panic`.
        self.panics.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
impl SharedTimer {
    /// How many entries exist in all shards.
    pub(super) fn live(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().wheel.live())
            .sum()
    }
}

impl Shard {
    const fn new() -> Self {
        Shard(Mutex::new(TimerState {
            wheel: Wheel::new(),
            wake_at: NEVER,
            open: false,
        }))
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, TimerState> {
        lock(&self.0)
    }
}

/// Poison is ignored: a section either runs to its end or panics before it has changed anything.
#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shard of the current thread, dealt out in turn.
#[inline]
fn my_shard() -> u8 {
    const NONE: u8 = u8::MAX;
    static NEXT: AtomicU8 = AtomicU8::new(0);
    thread_local! {
        static MINE: Cell<u8> = const { Cell::new(NONE) };
    }
    MINE.with(|mine| {
        if mine.get() == NONE {
            // Relaxed: only the value counts. Two threads with the same shard are slower, not wrong.
            mine.set(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS as u8);
        }
        mine.get()
    })
}
