//! The lock of a state word without `std`: a critical section, one for all words.
//!
//! No read-modify-write is needed: all changes happen inside the section, reads need a plain load.
//! Locks of several words are nested sections and are let go in the opposite order (LIFO). The
//! lock bit is set nevertheless: it tells the last owner of a node that somebody on another core
//! is still inside.
//!
//! Nothing here waits for another context: an interrupt that finds a cancel at work goes on.

use super::{Acquire, Relaxed, Release, meter};
// Loads and stores are all it takes, and every machine has those. `portable-atomic` would make critical
// sections of them on machines without compare-and-swap, once a backend is chosen.
#[cfg(not(any(target_arch = "avr", target_arch = "msp430")))]
use core::sync::atomic::AtomicU32;
#[cfg(any(target_arch = "avr", target_arch = "msp430"))]
use portable_atomic::AtomicU32;

const LOCK: u32 = 1;

/// Whoever is inside may be the very context that was interrupted.
pub(crate) const CAN_WAIT: bool = false;

#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Word(AtomicU32);

/// The right to change a word: its flags as they will be stored by `unlock`.
#[must_use]
pub(crate) struct Held {
    pub(crate) flags: u32,
    restore: critical_section::RestoreState,
}

impl Word {
    pub(crate) const fn new(flags: u32) -> Self {
        Word(AtomicU32::new(flags))
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
    /// `this` points to a word that stays alive until `unlock`, and locks are let go in the
    /// opposite order.
    #[inline]
    pub(crate) unsafe fn lock(this: *const Self) -> Held {
        // SAFETY: released by `unlock`, in the opposite order by the caller's promise.
        let restore = unsafe { critical_section::acquire() };
        meter::enter();
        // SAFETY: alive by the caller's promise.
        let word = unsafe { &(*this).0 };
        // Relaxed: the section orders everything done in other sections.
        let flags = word.load(Relaxed);
        word.store(flags | LOCK, Relaxed);
        Held { flags, restore }
    }

    /// # Safety
    ///
    /// As for [`lock`](Word::lock).
    #[inline]
    pub(crate) unsafe fn try_lock(this: *const Self) -> Option<Held> {
        // SAFETY: the caller's promise is passed on.
        Some(unsafe { Self::lock(this) })
    }

    /// The last touch of the word.
    ///
    /// # Safety
    ///
    /// `held` came from a lock of this word and is the youngest that is held.
    #[inline(never)]
    pub(crate) unsafe fn unlock(this: *const Self, held: Held) {
        // SAFETY: alive up to this store. Release: readers do not enter the section.
        unsafe { (*this).0.store(held.flags, Release) };
        meter::leave();
        // SAFETY: comes from the acquire in `lock`.
        unsafe { critical_section::release(held.restore) };
    }

    /// Shows the flags at once, and goes on holding the lock.
    ///
    /// # Safety
    ///
    /// `held` came from a lock of this word.
    #[inline]
    pub(crate) unsafe fn publish(this: *const Self, held: &Held) {
        // SAFETY: alive while locked. Release: readers do not enter the section.
        unsafe { (*this).0.store(held.flags | LOCK, Release) };
    }

    /// Adds flags to a word that is unlocked and has not changed since it was read as `flags`.
    ///
    /// # Safety
    ///
    /// `this` points to a living word.
    #[inline(always)]
    pub(crate) unsafe fn try_set(this: *const Self, flags: u32, bits: u32) -> bool {
        // (Without compare-and-swap; the way with a lock is as short.)
        let _ = (this, flags, bits);
        false
    }

    /// Locks a word that nobody else knows yet, from inside another word's section.
    #[inline]
    pub(crate) fn claim(&self) -> Held {
        Held {
            flags: 0,
            restore: critical_section::RestoreState::invalid(),
        }
    }

    /// Unlocks after [`claim`](Word::claim), inside that same section.
    #[inline]
    pub(crate) fn disclaim(&self, held: Held) {
        self.0.store(held.flags, Release);
    }
}

/// Never needed: tries always succeed here.
#[derive(Debug)]
pub(crate) struct Patience;

impl Patience {
    pub(crate) const fn new() -> Self {
        Patience
    }
    pub(crate) fn begin(&mut self) {}
    pub(crate) fn wait(&mut self, _word: *const Word) {
        core::hint::spin_loop();
    }
}
