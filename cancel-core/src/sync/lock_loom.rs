//! The lock of a state word as loom sees it.
//!
//! The word is touched by read-modify-writes only (loom may order a plain store before the write
//! of a failed one), and waiting blocks on a condition variable, because loom's `yield_now` starves
//! the third thread. Unlocking goes through that variable only when somebody waits, so that it does
//! not add happens-before edges which would hide a wrong ordering.

use super::{Acquire, AtomicU32, Release};
use core::cell::Cell;
use loom::sync::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::string::String;

const LOCK: u32 = 1;

pub(crate) const CAN_WAIT: bool = true;

/// How often which thread has unlocked which word, by address.
type Unlocks = BTreeMap<(usize, String), u64>;

loom::lazy_static! {
    static ref UNLOCKED: (Mutex<Unlocks>, Condvar) = (Mutex::new(Unlocks::new()), Condvar::new());
}
std::thread_local! {
    /// Threads that wait or are about to. Not loom's: no states, no ordering; all threads of a model
    /// run on one thread of the test program.
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

fn wait_count(change: isize) -> usize {
    WAITING.with(|waiting| {
        waiting.set(waiting.get().wrapping_add_signed(change));
        waiting.get()
    })
}

fn this_thread() -> String {
    format!("{:?}", loom::thread::current().id())
}

fn unlocked(word: *const Word) {
    if wait_count(0) > 0 {
        let key = (word.addr(), this_thread());
        *UNLOCKED.0.lock().unwrap().entry(key).or_default() += 1;
        UNLOCKED.1.notify_all();
    }
}

fn by_others(unlocks: &Unlocks, word: usize) -> u64 {
    let this = this_thread();
    let others = unlocks
        .iter()
        .filter(|((at, by), _)| *at == word && *by != this);
    others.map(|(_, times)| times).sum()
}

#[derive(Debug)]
pub(crate) struct Word(AtomicU32);

#[must_use]
pub(crate) struct Held {
    pub(crate) flags: u32,
}

#[allow(clippy::missing_safety_doc)]
impl Word {
    pub(crate) fn new(flags: u32) -> Self {
        Word(AtomicU32::new(flags))
    }

    pub(crate) fn load(&self) -> u32 {
        self.0.load(Acquire)
    }

    /// Loom may show a plain load an old value for ever.
    pub(crate) fn look(&self) -> u32 {
        self.0.fetch_or(0, Acquire)
    }

    pub(crate) fn is_locked(flags: u32) -> bool {
        flags & LOCK != 0
    }

    pub(crate) unsafe fn lock(this: *const Self) -> Held {
        // SAFETY: passed on.
        if let Some(held) = unsafe { Self::try_lock(this) } {
            return held;
        }
        wait_count(1);
        let mut seen = UNLOCKED.0.lock().unwrap();
        loop {
            // SAFETY: passed on.
            if let Some(held) = unsafe { Self::try_lock(this) } {
                drop(seen);
                wait_count(-1);
                return held;
            }
            seen = UNLOCKED.1.wait(seen).unwrap();
        }
    }

    pub(crate) unsafe fn try_lock(this: *const Self) -> Option<Held> {
        // SAFETY: alive by the caller's promise.
        let flags = unsafe { (*this).0.fetch_or(LOCK, Acquire) };
        (flags & LOCK == 0).then_some(Held { flags })
    }

    pub(crate) unsafe fn unlock(this: *const Self, held: Held) {
        // SAFETY: alive by the caller's promise.
        unsafe { (*this).0.swap(held.flags, Release) };
        unlocked(this);
    }

    pub(crate) unsafe fn publish(this: *const Self, held: &Held) {
        // SAFETY: alive by the caller's promise.
        unsafe { (*this).0.swap(held.flags | LOCK, Release) };
    }

    pub(crate) unsafe fn try_set(this: *const Self, flags: u32, bits: u32) -> bool {
        // SAFETY: alive by the caller's promise.
        flags & LOCK == 0
            && unsafe { &(*this).0 }
                .compare_exchange(flags, flags | bits, super::AcqRel, super::Relaxed)
                .is_ok()
    }

    pub(crate) fn claim(&self) -> Held {
        self.0.swap(LOCK, Acquire);
        Held { flags: 0 }
    }

    pub(crate) fn disclaim(&self, held: Held) {
        self.0.swap(held.flags, Release);
        unlocked(self);
    }
}

/// Waits for an unlock of that word by another thread: a wake-up by any other one could keep two
/// threads in a circle of failed tries.
#[derive(Debug)]
pub(crate) struct Patience {
    /// When the try began.
    since: Option<Unlocks>,
    tries: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Patience {
            since: None,
            tries: 0,
        }
    }

    pub(crate) fn begin(&mut self) {
        if self.tries > 0 {
            if self.since.is_none() {
                wait_count(1);
            }
            self.since = Some(UNLOCKED.0.lock().unwrap().clone());
        }
    }

    pub(crate) fn wait(&mut self, word: *const Word) {
        self.tries += 1;
        let Some(since) = &self.since else {
            return; // once more, and then in earnest
        };
        let before = by_others(since, word.addr());
        let mut seen = UNLOCKED.0.lock().unwrap();
        while by_others(&seen, word.addr()) == before {
            seen = UNLOCKED.1.wait(seen).unwrap();
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if self.since.is_some() {
            wait_count(-1);
        }
    }
}
