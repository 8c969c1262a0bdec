//! Wakers on their way from the waiters to their tasks.

use crate::sync::{BATCH, Panics};
use core::mem::MaybeUninit;
use core::task::Waker;

/// Wakers that were taken out under a lock and are woken without one.
///
/// Those from `woken` to `filled` are there.
pub(super) struct Batch {
    wakers: [MaybeUninit<Waker>; BATCH],
    filled: usize,
    woken: usize,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Batch {
            wakers: [const { MaybeUninit::uninit() }; BATCH],
            filled: 0,
            woken: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.filled == BATCH
    }

    /// Adds wakers behind those that are there.
    #[inline(always)]
    pub(super) fn fill(&mut self) -> Filling<'_> {
        let filled = self.filled;
        Filling {
            batch: self,
            filled,
        }
    }

    /// Wakes all, and is empty afterwards. No lock is held.
    #[inline]
    pub(super) fn wake(&mut self, panics: &mut Panics) {
        while self.woken < self.filled {
            // One guard for the whole batch, as it costs more than a wake; after a panic the rest
            // of the batch gets another one.
            panics.guard(|| {
                let mut waking = Waking {
                    next: self.woken,
                    batch: self,
                };
                while waking.next < waking.batch.filled {
                    // SAFETY: there, and counted as woken before the foreign call.
                    let waker = unsafe {
                        let waker = waking.batch.wakers.get_unchecked(waking.next);
                        waker.assume_init_read()
                    };
                    waking.next += 1;
                    waker.wake();
                }
            });
        }
        (self.filled, self.woken) = (0, 0);
    }
}

/// A batch that is being filled. The count is stored when this goes, so the loop has it in a register.
pub(super) struct Filling<'a> {
    batch: &'a mut Batch,
    filled: usize,
}

impl Filling<'_> {
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.filled >= BATCH
    }

    /// # Safety
    ///
    /// It is not full.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, waker: Waker) {
        debug_assert!(!self.is_full());
        // SAFETY: there is room, by the caller's promise.
        unsafe {
            self.batch
                .wakers
                .get_unchecked_mut(self.filled)
                .write(waker)
        };
        self.filled += 1;
    }
}

impl Drop for Filling<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.batch.filled = self.filled;
    }
}

/// A batch whose wakers are being woken. The place is stored when this goes, which it also does when
/// a waker panics; so the loop has it in a register.
struct Waking<'a> {
    batch: &'a mut Batch,
    next: usize,
}

impl Drop for Waking<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.batch.woken = self.next;
    }
}
