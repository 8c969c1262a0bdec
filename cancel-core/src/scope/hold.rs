//! A hold: work that keeps the body of a scope. (`G` holds.rs)

use crate::scope::holds::{HoldEntry, Holds};
use crate::sync::Panics;
use core::fmt;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::{addr_of, from_ref};
use core::task::Waker;

/// Keeps the body of a scope from the first [`keep`](Hold::keep) to [`release`](Hold::release) or its drop, as
/// long as it is polled.
pub struct Hold<'h> {
    place: HoldEntry,
    holds: &'h Holds,
    /// The list points to `place`.
    _pinned: PhantomPinned,
}

// SAFETY: the cells are used under the lock of the `Holds`, or in an exclusive poll of the hold; wakers
// are `Send + Sync`.
unsafe impl Send for Hold<'_> {}
// SAFETY: nothing can be done with a shared reference that is not pinned, and polls are exclusive.
unsafe impl Sync for Hold<'_> {}
impl core::panic::UnwindSafe for Hold<'_> {}
impl core::panic::RefUnwindSafe for Hold<'_> {}

impl<'h> Hold<'h> {
    /// Creates a hold that does not hold yet.
    pub fn new(holds: &'h Holds) -> Self {
        Hold {
            place: HoldEntry::new(),
            holds,
            _pinned: PhantomPinned,
        }
    }

    /// Holds, or goes on holding. To be called at each poll of the work that holds.
    #[inline]
    pub fn keep(self: Pin<&mut Self>, waker: &Waker) {
        let this = self.into_ref().get_ref();
        // SAFETY: pinned, and the drop takes it out; always the same `Holds`. Polls are exclusive.
        unsafe { this.holds.enter(from_ref(&this.place), waker) }
    }

    /// Holds no longer: the work is over.
    #[inline]
    pub fn release(self: Pin<&mut Self>) {
        let this = self.into_ref().get_ref();
        // SAFETY: as in the drop.
        if let Some(scope) = unsafe { this.holds.leave(from_ref(&this.place)) } {
            scope.wake();
        }
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        // SAFETY: pinned if it has ever entered; the `Holds` are alive.
        if let Some(scope) = unsafe { self.holds.leave(addr_of!(self.place)) } {
            let mut panics = Panics::new();
            panics.guard(|| scope.wake());
            panics.resume_unless_unwinding();
        }
    }
}

impl fmt::Debug for Hold<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}
