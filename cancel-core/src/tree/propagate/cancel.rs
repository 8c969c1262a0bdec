//! `cancel`: from the root on. Invariants: `propagate.rs`.

use super::waiters;
use crate::cause::Cause;
use crate::sync::{CAN_WAIT, Panics, Patience, Word};
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
        let mut held = Hub::lock(root);
        if held.flags & (CANCELLED | NEVER) != 0 {
            Hub::unlock(root, held);
            said.unreserve(1);
            lost(root);
            return false;
        }
        let closed = timed::take(root, &mut held);
        // Published by the flag (H2).
        (*root).cause.set(said);
        held.flags |= outcome;
        if held.flags & NONEMPTY == 0 {
            Hub::unlock(root, held);
            return true;
        }
        if closed.is_empty() {
            waiters::serve(root, held);
        } else {
            // The time limit's task is one more to be woken, whoever panics.
            let mut panics = Panics::new();
            panics.guard(|| waiters::serve(root, held));
            panics.guard(|| drop(closed));
            panics.resume();
        }
        true
    }
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
