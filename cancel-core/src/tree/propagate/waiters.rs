//! What a cancel does when something is registered: the ways for one waiter, for waiters alone, and
//! for all else.

use super::below::propagate;
use crate::sync::{CATCHES, FEW, Held, Panics};
use crate::tree::hub::{Hub, Waiter};
use crate::tree::list::Kind;
use crate::tree::state::NONEMPTY;
use core::mem::MaybeUninit;
use core::task::Waker;

/// Children or callbacks are about to be entered. (Here every program is ready for them.)
#[inline(always)]
pub(crate) fn need_all() {}

/// Serves a root that has just been cancelled, and has something in its list.
///
/// # Safety
///
/// The root is alive; `held` is its lock, with the flags to be.
#[inline(always)]
pub(super) unsafe fn serve(root: *const Hub, mut held: Held) {
    // SAFETY: alive; the list under the lock.
    unsafe {
        let first = (*root).list.first();
        if (*first).kind == Kind::Waiter && (*first).next.get().is_null() {
            // One waiter and nothing else, the most common case: no one is left if it panics.
            // The list first: the waiter may be gone as soon as its waker is taken (H4).
            (*root).list.clear();
            let waker = Hub::take_waker(first.cast::<Waiter>());
            held.flags &= !NONEMPTY;
            Hub::unlock(root, held);
            waker.wake();
        } else {
            several(root, held);
        }
    }
}

/// Serves a root with more than one entry: a few waiters at a time as long as there are any at the
/// front, for then it has no dependents (E3).
///
/// # Safety
///
/// As for [`serve`].
#[inline(never)]
unsafe fn several(root: *const Hub, mut held: Held) {
    // SAFETY: the root is alive (P5); the list under the lock.
    unsafe {
        if !CATCHES || (*(*root).list.first()).kind != Kind::Waiter {
            return propagate(root, held, Panics::new());
        }
        let mut panics = Panics::new();
        loop {
            let mut batch = Few {
                wakers: [const { MaybeUninit::uninit() }; FEW],
                woken: 0,
            };
            let mut taken = 0;
            let list = &(*root).list;
            let walk = list.walk();
            let mut entry = walk.first;
            for place in &mut batch.wakers {
                if entry.is_null() || (*entry).kind != Kind::Waiter {
                    break;
                }
                // Before the waker: the waiter may be gone then (H4).
                let next = (*entry).next.get();
                place.write(Hub::take_waker(entry.cast::<Waiter>()));
                taken += 1;
                entry = next;
            }
            list.cut_before(entry, walk);
            if entry.is_null() {
                held.flags &= !NONEMPTY;
            } else if taken == 0 {
                return propagate(root, held, panics);
            }
            Hub::unlock(root, held);
            if taken == FEW {
                panics.guard(|| batch.wake_all());
            }
            while batch.woken < taken {
                // A panic ends a round; the next one goes on behind it.
                panics.guard(|| batch.wake_to(taken));
            }
            if entry.is_null() {
                break;
            }
            held = Hub::lock(root);
        }
        panics.resume();
    }
}

/// What has been taken out under one lock.
struct Few {
    wakers: [MaybeUninit<Waker>; FEW],
    woken: usize,
}

impl Few {
    /// Wakes all of a full batch. (As their number is known, the compiler writes the calls out.)
    ///
    /// # Safety
    ///
    /// All are there.
    #[inline(always)]
    unsafe fn wake_all(&mut self) {
        let mut next = Woken {
            at: 0,
            woken: &mut self.woken,
        };
        self.wakers.iter().enumerate().for_each(|(at, waker)| {
            next.at = at + 1;
            // SAFETY: there, and counted as woken before the foreign call, so read once.
            unsafe { waker.assume_init_read() }.wake();
        });
    }

    /// Wakes those that are left.
    ///
    /// # Safety
    ///
    /// Those up to `end` are there.
    #[inline(always)]
    unsafe fn wake_to(&mut self, end: usize) {
        while self.woken < end {
            // SAFETY: as above.
            let waker = unsafe { self.wakers.get_unchecked(self.woken).assume_init_read() };
            self.woken += 1;
            waker.wake();
        }
    }
}

/// How many have been woken: stored when this goes, which it does after a panic as well.
struct Woken<'a> {
    at: usize,
    woken: &'a mut usize,
}

impl Drop for Woken<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.woken = self.at;
    }
}
