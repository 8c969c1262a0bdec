//! The lock of a state word as loom sees it.
//!
//! The word is touched by read-modify-writes only (loom may order a plain store before the write
//! of a failed one), and waiting blocks on a condition variable, because loom's `yield_now` starves
//! the third thread. Unlocking goes through that variable only when somebody waits, so that it does
//! not add happens-before edges which would hide a wrong ordering.

use super::{Acquire, AtomicU32, Release};
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::sync::{Condvar, Mutex};

const LOCK: u32 = 1;

pub(crate) const CAN_WAIT: bool = true;

loom::lazy_static! {
    static ref UNLOCKED: (Mutex<u64>, Condvar) = (Mutex::new(0), Condvar::new());
}
/// Threads that wait or are about to. Not loom's: no states, no ordering.
pub(crate) static WAITING: AtomicUsize = AtomicUsize::new(0);

loom::thread_local! {
    /// How many of the unlocks counted were this thread's.
    static OWN: Cell<u64> = Cell::new(0);
}

fn unlocked() {
    if WAITING.load(SeqCst) > 0 {
        OWN.with(|own| own.set(own.get() + 1));
        *UNLOCKED.0.lock().unwrap() += 1;
        UNLOCKED.1.notify_all();
    }
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
        WAITING.fetch_add(1, SeqCst);
        let mut seen = UNLOCKED.0.lock().unwrap();
        loop {
            // SAFETY: passed on.
            if let Some(held) = unsafe { Self::try_lock(this) } {
                drop(seen);
                WAITING.fetch_sub(1, SeqCst);
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
        unlocked();
    }

    pub(crate) unsafe fn publish(this: *const Self, held: &Held) {
        // SAFETY: alive by the caller's promise.
        unsafe { (*this).0.swap(held.flags | LOCK, Release) };
    }

    pub(crate) fn claim(&self) -> Held {
        self.0.swap(LOCK, Acquire);
        Held { flags: 0 }
    }

    pub(crate) fn disclaim(&self, held: Held) {
        self.0.swap(held.flags, Release);
        unlocked();
    }
}

/// Waits for an unlock by another thread.
#[derive(Debug)]
pub(crate) struct Patience {
    /// Unlocks, and those of this thread, when the try began.
    since: Option<(u64, u64)>,
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
                WAITING.fetch_add(1, SeqCst);
            }
            let all = *UNLOCKED.0.lock().unwrap();
            self.since = Some((all, OWN.with(Cell::get)));
        }
    }

    pub(crate) fn wait(&mut self) {
        self.tries += 1;
        let Some((all, own)) = self.since else {
            loom::thread::yield_now();
            return;
        };
        let own = OWN.with(Cell::get) - own;
        let mut seen = UNLOCKED.0.lock().unwrap();
        while *seen <= all + own {
            seen = UNLOCKED.1.wait(seen).unwrap();
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if self.since.is_some() {
            WAITING.fetch_sub(1, SeqCst);
        }
    }
}
