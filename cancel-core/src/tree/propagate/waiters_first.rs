//! What a cancel does when something is registered, without a heap: waiters one by one.
//!
//! Many programs without a heap have waiters and nothing else. What children and callbacks take is
//! more than twice the code, so it is reached through a pointer, which whoever enters a child or a
//! callback sets. In a program where nobody does so, the linker leaves that code out.

use super::below::propagate;
use crate::sync::{AtomicPtr, Held, Panics, Relaxed, atomic_static};
use crate::tree::hub::{Hub, Waiter};
use crate::tree::list::Kind;
use crate::tree::state::NONEMPTY;
use core::ptr::null_mut;

type Propagate = unsafe fn(*const Hub, Held, Panics);

// Null, or `propagate`.
atomic_static! {
    static ALL: AtomicPtr<()> = AtomicPtr::new(null_mut());
}

/// Children or callbacks are about to be entered.
#[inline]
pub(crate) fn need_all() {
    // Relaxed: a canceller that meets such an entry has got it under the lock under which it was
    // entered after this, or later.
    ALL.store(propagate as Propagate as *mut (), Relaxed);
}

/// Serves a root that has just been cancelled, and has something in its list.
///
/// # Safety
///
/// The root is alive; `held` is its lock, with the flags to be.
pub(super) unsafe fn serve(root: *const Hub, mut held: Held) {
    // SAFETY: alive; the list under the lock.
    unsafe {
        loop {
            let first = (*root).list.first();
            if first.is_null() {
                held.flags &= !NONEMPTY;
                break;
            }
            if (*first).kind != Kind::Waiter {
                let all = ALL.load(Relaxed);
                if !all.is_null() {
                    return core::mem::transmute::<*mut (), Propagate>(all)(
                        root,
                        held,
                        Panics::new(),
                    );
                }
                break; // (there is no such entry then)
            }
            // Out first: the waiter may be gone as soon as its waker is taken (H4).
            (*root).list.unlink(first);
            let waker = Hub::take_waker(first.cast::<Waiter>());
            Hub::unlock(root, held);
            let rest = RestOfWaiters(root);
            waker.wake();
            core::mem::forget(rest);
            held = Hub::lock(root);
        }
        Hub::unlock(root, held);
    }
}

/// A panic on its way through: the rest is served first.
struct RestOfWaiters(*const Hub);

impl Drop for RestOfWaiters {
    fn drop(&mut self) {
        // SAFETY: alive; no lock is held.
        unsafe { serve(self.0, Hub::lock(self.0)) }
    }
}
