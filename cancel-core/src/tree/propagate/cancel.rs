//! `cancel`: from the root on. Invariants: `propagate.rs`.

use super::waiters;
use crate::cause::{Cause, Said};
use crate::sync::{CAN_WAIT, Held, Panics, Patience, Word};
use crate::tree::hub::Hub;
use crate::tree::state::{CANCELLED, INHERITED, MARKING, NEVER, NONEMPTY, TIMED};
use crate::tree::timed;
use core::ptr::addr_of;

/// Cancels `root` and everything below. True for the call that won.
///
/// # Safety
///
/// `root` stays alive during the call (P5).
#[inline]
pub(crate) unsafe fn cancel(root: *const Hub, cause: Cause) -> bool {
    // SAFETY: alive by the caller's promise.
    unsafe {
        let flags = (*root).word.load();
        if flags & (CANCELLED | NEVER) != 0 {
            drop(cause);
            lost(root);
            return false;
        }
        let inherited = if cause.is_inherited() { INHERITED } else { 0 };
        let outcome = CANCELLED | cause.bits() | inherited;
        if cause.is_plain() && flags & (NONEMPTY | TIMED) == 0 {
            // Nobody to tell and nothing to say: one step, if nobody is inside.
            if Word::try_set(addr_of!((*root).word), flags, outcome) {
                return true;
            }
        }
        let said = cause.into_said((*root).id());
        let held = Hub::lock(root);
        if held.flags & (CANCELLED | NEVER) != 0 {
            Hub::unlock(root, held);
            said.unreserve(1);
            lost(root);
            return false;
        }
        if held.flags & TIMED != 0 {
            with_limit(root, held, said, outcome);
            return true;
        }
        finish(root, held, said, outcome);
        true
    }
}

/// The cancel that won: sets flags and cause, and serves what is registered.
///
/// # Safety
///
/// As for [`cancel`]; `held` is the root's lock.
#[inline(always)]
unsafe fn finish(root: *const Hub, mut held: Held, said: Said, outcome: u32) {
    // SAFETY: alive by the caller's promise. Published by the flag (H2).
    unsafe {
        (*root).cause.set(said);
        held.flags |= outcome;
        if held.flags & NONEMPTY == 0 {
            Hub::unlock(root, held);
        } else {
            waiters::serve(root, held);
        }
    }
}

/// As [`finish`], for a token with a time limit: its task is woken as well, also if a waker panics.
///
/// # Safety
///
/// As for [`finish`].
#[cold]
#[inline(never)]
unsafe fn with_limit(root: *const Hub, mut held: Held, said: Said, outcome: u32) {
    let mut panics = Panics::new();
    // SAFETY: passed on.
    unsafe {
        let closed = timed::take(root, &mut held);
        panics.guard(|| finish(root, held, said, outcome));
        panics.guard(|| {
            // (Dropped here.)
            let _closed = closed;
        });
    }
    panics.resume();
}

/// A cancel that came too late: waits until everything below is marked by the one that won.
///
/// # Safety
///
/// `root` stays alive during the call.
#[cold]
pub(super) unsafe fn lost(root: *const Hub) {
    let mut patience = Patience::new();
    while CAN_WAIT {
        patience.begin();
        // SAFETY: alive by the caller's promise.
        if unsafe { (*root).word.look() } & MARKING == 0 {
            break;
        }
        patience.wait(root.cast());
    }
}
