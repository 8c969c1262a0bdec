//! What a cancel does when something is registered: the way for one waiter, and the one for all else.

use super::below::propagate;
use crate::sync::Held;
use crate::tree::hub::{Hub, Waiter};
use crate::tree::list::Kind;
use crate::tree::state::NONEMPTY;

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
            propagate(root, held);
        }
    }
}
