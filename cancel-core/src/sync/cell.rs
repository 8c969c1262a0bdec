//! Cells whose access is guarded by a lock that the type system does not see.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::task::Waker;

/// A value that is read and written under a lock only.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct LockedCell<T>(UnsafeCell<T>);

impl<T: Copy> LockedCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        LockedCell(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// The lock that guards the cell is held, or nobody else can reach the cell.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> T {
        // SAFETY: no write can happen at the same time, by the caller's promise.
        unsafe { *self.0.get() }
    }

    /// # Safety
    ///
    /// As for [`get`](LockedCell::get).
    #[inline(always)]
    pub(crate) unsafe fn set(&self, value: T) {
        // SAFETY: no other access can happen at the same time, by the caller's promise.
        unsafe { *self.0.get() = value }
    }
}

/// Room for a waker that is written under a lock and moved out under it, and whose bits stay
/// behind to be compared without it.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct WakerSlot(UnsafeCell<MaybeUninit<Waker>>);

impl WakerSlot {
    pub(crate) const fn new() -> Self {
        WakerSlot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    ///
    /// The lock is held, and the slot has no waker of its own.
    #[inline(always)]
    pub(crate) unsafe fn put(&self, waker: Waker) {
        // SAFETY: exclusive by the lock.
        unsafe { (*self.0.get()).write(waker) };
    }

    /// Moves the waker out.
    ///
    /// # Safety
    ///
    /// The lock is held, and the slot has a waker of its own, which it loses by this.
    #[inline(always)]
    pub(crate) unsafe fn take(&self) -> Waker {
        // SAFETY: written by `put`, and the caller sees to it that this copy is the only one used.
        unsafe { (*self.0.get()).assume_init_read() }
    }

    /// Whether the waker that was put last wakes the same task.
    ///
    /// Looks at the bits alone and touches nothing behind them.
    ///
    /// # Safety
    ///
    /// A waker has been put, and the only thread that ever puts one is the caller's; `take` on
    /// another thread may go on at the same time (both only read).
    #[inline(always)]
    pub(crate) unsafe fn will_wake(&self, other: &Waker) -> bool {
        // SAFETY: the bits are those of a valid waker. `will_wake` compares pointers only.
        unsafe { (*self.0.get()).assume_init_ref() }.will_wake(other)
    }
}

/// Proof for loom that nobody touches a node or the block of a cause after it has been freed. Nothing at
/// all elsewhere.
#[derive(Debug)]
pub(crate) struct Life;

impl Life {
    pub(crate) const fn new() -> Self {
        Life
    }
    #[inline(always)]
    pub(crate) fn touch(&self) {}
    /// What follows is a write.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn alone(&self) {}
    /// Whether the memory may be given back (loom keeps it, to catch later accesses).
    #[inline(always)]
    pub(crate) fn end(&self) -> bool {
        true
    }
}
