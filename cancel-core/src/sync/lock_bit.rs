//! The lock of a state word with `std`: its lowest bit.
//!
//! While it is held, nobody else changes the word: `try_set` expects the bit to be clear, too. So
//! letting go is one plain store with `Release` that also publishes the flags. That store is why this beats a lock that threads can
//! park on, which needs a read-modify-write to let go (figures in DESIGN.md).
//!
//! Sections are short and bounded (`HOLD` entries), and no foreign code runs inside. Whoever finds
//! the lock taken spins for a bounded number of rounds, then yields, then sleeps for 50 µs at a
//! time, so a thread that was preempted inside a section can go on even if the waiting threads
//! have a higher priority. (In WebAssembly it goes on yielding: the main thread of a browser must not
//! sleep, which traps there.)

use core::ptr;

use super::pause::{give_way, nap, spin};
use super::{Acquire, AtomicU32, Relaxed, Release, const_fn};

const LOCK: u32 = 1;

/// A lock that is held elsewhere will be let go by another thread.
pub(crate) const CAN_WAIT: bool = true;

#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word(AtomicU32);

/// The right to change a word: its flags as they will be stored by `unlock`.
#[must_use]
pub(crate) struct Held {
    pub(crate) flags: u32,
}

impl Word {
    const_fn! {
        pub(crate) const fn new(flags: u32) -> Self {
            Word(AtomicU32::new(flags))
        }
    }

    /// Pairs with the `Release` of `unlock` and `publish`: what happened before a cancel is
    /// visible to whoever sees its flag.
    #[inline(always)]
    pub(crate) fn load(&self) -> u32 {
        self.0.load(Acquire)
    }

    /// The same for a loop that waits for a change.
    #[inline(always)]
    pub(crate) fn look(&self) -> u32 {
        self.load()
    }

    /// Whether somebody is inside (or was, at the time of `flags`).
    #[inline(always)]
    pub(crate) fn is_locked(flags: u32) -> bool {
        flags & LOCK != 0
    }

    /// # Safety
    ///
    /// `this` points to a word that stays alive until `unlock`.
    #[inline]
    pub(crate) unsafe fn lock(this: *const Self) -> Held {
        // SAFETY: alive by the caller's promise.
        let word = unsafe { &(*this).0 };
        let flags = word.load(Relaxed) & !LOCK;
        // Acquire: pairs with the store in `unlock`, or the section would read stale lists.
        match word.compare_exchange_weak(flags, flags | LOCK, Acquire, Relaxed) {
            Ok(_) => Held { flags },
            Err(_) => Self::lock_slow(word),
        }
    }

    #[cold]
    fn lock_slow(word: &AtomicU32) -> Held {
        let mut patience = Patience::new();
        loop {
            let flags = word.load(Relaxed);
            if flags & LOCK == 0
                && word
                    .compare_exchange_weak(flags, flags | LOCK, Acquire, Relaxed)
                    .is_ok()
            {
                return Held { flags };
            }
            patience.wait(ptr::from_ref(word).cast());
        }
    }

    /// # Safety
    ///
    /// As for [`lock`](Word::lock).
    #[inline]
    pub(crate) unsafe fn try_lock(this: *const Self) -> Option<Held> {
        // SAFETY: alive by the caller's promise.
        let word = unsafe { &(*this).0 };
        let flags = word.load(Relaxed);
        (flags & LOCK == 0
            && word
                .compare_exchange(flags, flags | LOCK, Acquire, Relaxed)
                .is_ok())
        .then_some(Held { flags })
    }

    /// The last touch: others may free the word as soon as the store is visible.
    ///
    /// # Safety
    ///
    /// `held` came from a lock of this word.
    #[inline]
    pub(crate) unsafe fn unlock(this: *const Self, held: Held) {
        // SAFETY: alive up to this store. Release: hands the section's writes to the next holder
        // and the flags to everybody.
        unsafe { (*this).0.store(held.flags, Release) };
    }

    /// Shows the flags at once, and goes on holding the lock.
    ///
    /// # Safety
    ///
    /// `held` came from a lock of this word.
    #[inline]
    pub(crate) unsafe fn publish(this: *const Self, held: &Held) {
        // SAFETY: alive while locked. Release: as in `unlock`.
        unsafe { (*this).0.store(held.flags | LOCK, Release) };
    }

    /// Adds flags to a word that is unlocked and has not changed since it was read as `flags`.
    ///
    /// Whoever registers at the same time either comes first, and this fails, or sees the flags.
    ///
    /// # Safety
    ///
    /// `this` points to a living word.
    #[inline(always)]
    pub(crate) unsafe fn try_set(this: *const Self, flags: u32, bits: u32) -> bool {
        // AcqRel: as a lock and its unlock, all in one; fails while somebody is inside.
        // SAFETY: alive by the caller's promise.
        flags & LOCK == 0
            && unsafe { &(*this).0 }
                .compare_exchange(flags, flags | bits, super::AcqRel, Relaxed)
                .is_ok()
    }

    /// Locks a word that nobody else knows yet.
    #[inline]
    pub(crate) fn claim(&self) -> Held {
        // Relaxed: the word becomes known to others through a pointer stored later, with Release.
        self.0.store(LOCK, Relaxed);
        Held { flags: 0 }
    }

    /// Unlocks after [`claim`](Word::claim).
    #[inline]
    pub(crate) fn disclaim(&self, held: Held) {
        self.0.store(held.flags, Release);
    }
}

/// Waits a little longer each time: 8 to 128 pauses, 64 yields, then naps of 50 µs (`pause`).
#[derive(Debug)]
pub(crate) struct Patience(u32);

impl Patience {
    pub(crate) const fn new() -> Self {
        Patience(3)
    }

    /// Called before each try.
    #[inline(always)]
    pub(crate) fn begin(&mut self) {}

    /// Called after a failed one. A dependent that waits for its source holds no lock, and the word
    /// may be gone by now. Who waits for a dependent's lock may hold those of its sources: then the
    /// nap is theirs as well, which takes a thread preempted inside a section to happen.
    #[cold]
    #[inline(never)]
    pub(crate) fn wait(&mut self, _word: *const Word) {
        match self.0 {
            round @ 0..8 => spin(1 << round),
            8..72 => give_way(),
            _ => nap(),
        }
        self.0 = self.0.saturating_add(1);
    }
}
