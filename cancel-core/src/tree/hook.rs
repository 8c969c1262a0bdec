//! Callbacks in place: what an `OnCancel` has in its token's list.
//!
//! Invariants (`E` in list.rs, `H` in hub.rs)
//!
//! * K1: `call` is written when the hook is made, and only read afterwards.
//! * K2: a canceller copies `call` out under the lock, then says so by `queued` (its last touch, H4),
//!   and calls the copy outside the lock. From then on the hook may go: all that the copy holds is
//!   `Copy` and `'static`.
//! * K3: `spent` says that the hook has been entered. It changes under the lock, once, whether the
//!   hook was put into the list or called at once; so it is called once.

use crate::cause::Cancelled;
use crate::sync::{LockedCell, Relaxed, Release, const_fn};
use crate::tree::hub::Hub;
use crate::tree::list::{Entry, Kind};
use crate::tree::state::{CANCELLED, NEVER, NONEMPTY};
use core::mem::MaybeUninit;
use core::ptr::{self, addr_of};

/// Room for what a closure has captured. Pointers, so that captured references stay what they are.
type Captured = [MaybeUninit<*const ()>; 2];

/// A closure that is small enough to be copied from place to place, whatever its type.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    run: unsafe fn(&Captured, &Cancelled),
    captured: Captured,
}

/// (`repr(C)`: both begin where it begins.)
#[repr(C)]
union Stored<F: Copy> {
    closure: F,
    captured: Captured,
}

impl Call {
    const fn new<F: FnOnce(&Cancelled) + Copy + Send + 'static>(closure: F) -> Self {
        const {
            assert!(
                size_of::<F>() <= size_of::<Captured>(),
                "the closure of an `OnCancel` captures more than two pointers: put that into a `static` and capture a reference"
            );
        }
        let mut stored: Stored<F> = Stored {
            captured: [MaybeUninit::uninit(); 2],
        };
        stored.closure = closure;
        Call {
            run: run::<F>,
            // SAFETY: any bytes will do, as they may be uninitialised.
            captured: unsafe { stored.captured },
        }
    }

    #[inline]
    pub(crate) fn run(self, cancelled: &Cancelled) {
        // SAFETY: `captured` goes with `run`.
        unsafe { (self.run)(&self.captured, cancelled) }
    }
}

/// # Safety
///
/// The room holds a closure of this type.
unsafe fn run<F: FnOnce(&Cancelled) + Copy>(captured: &Captured, cancelled: &Cancelled) {
    // SAFETY: by the caller's promise; it fits and is `Copy`. Unaligned, as it may want more than a
    // pointer does (an `u64` on a small machine).
    let closure = unsafe { ptr::from_ref(captured).cast::<F>().read_unaligned() };
    closure(cancelled)
}

#[repr(C)]
pub(crate) struct Hook {
    pub(crate) entry: Entry,
    /// (Never written; in a cell, so that loom sees who reads it when it is gone.)
    call: LockedCell<Call>,
}

impl Hook {
    const_fn! {
        pub(crate) const fn new<F: FnOnce(&Cancelled) + Copy + Send + 'static>(closure: F) -> Self {
            Hook {
                entry: Entry::new(Kind::Hook),
                call: LockedCell::new(Call::new(closure)),
            }
        }
    }

    /// Enters the hook, or calls it at once if the token is cancelled; the first time only (K3).
    ///
    /// # Safety
    ///
    /// `this` stays where it is, and alive until it has been deregistered (E4). It always comes with
    /// the same `hub`, which is alive.
    pub(crate) unsafe fn enter(this: *const Hook, hub: *const Hub) {
        // SAFETY: alive; E1, K3 by the lock.
        unsafe {
            let entry = addr_of!((*this).entry);
            let mut held = Hub::lock(hub);
            let flags = held.flags;
            let first = !(*entry).spent.get();
            if first {
                (*entry).spent.set(true);
                if flags & (CANCELLED | NEVER) == 0 {
                    (*hub).list.push_back(entry);
                    // Relaxed: read under the lock, or by the owner when it drops.
                    (*entry).queued.store(true, Relaxed);
                    held.flags |= NONEMPTY;
                }
            }
            Hub::unlock(hub, held);
            if first && flags & CANCELLED != 0 {
                (*this).call.get().run(&(*hub).cancelled(flags));
            }
        }
    }

    /// The call of a hook that a canceller has taken out of the list.
    ///
    /// # Safety
    ///
    /// Under the lock of that list; the hook is not touched afterwards.
    pub(crate) unsafe fn take(this: *const Hook) -> Call {
        // SAFETY: alive up to the store (K2).
        unsafe {
            let call = (*this).call.get();
            // Release: pairs with the Acquire in `deregister` (H4).
            (*this).entry.queued.store(false, Release);
            call
        }
    }
}
