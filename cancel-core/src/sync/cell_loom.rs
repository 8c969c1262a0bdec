//! The cells of `cell.rs` for loom, which then reports every unguarded access as a data race.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering::SeqCst};
use core::task::Waker;
use loom::cell::UnsafeCell;

#[derive(Debug)]
pub(crate) struct LockedCell<T>(UnsafeCell<T>);

#[allow(clippy::missing_safety_doc)]
impl<T: Copy> LockedCell<T> {
    pub(crate) fn new(value: T) -> Self {
        LockedCell(UnsafeCell::new(value))
    }
    pub(crate) unsafe fn get(&self) -> T {
        // SAFETY: loom checks it.
        self.0.with(|value| unsafe { *value })
    }
    pub(crate) unsafe fn set(&self, new: T) {
        // SAFETY: loom checks it.
        self.0.with_mut(|value| unsafe { *value = new })
    }
}

/// Freeing a cell is a write: whoever still looks at it then is found.
impl<T> Drop for LockedCell<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.with_mut(|_| ());
        }
    }
}

#[derive(Debug)]
pub(crate) struct WakerSlot(UnsafeCell<MaybeUninit<Waker>>);

#[allow(clippy::missing_safety_doc)]
impl WakerSlot {
    pub(crate) fn new() -> Self {
        WakerSlot(UnsafeCell::new(MaybeUninit::uninit()))
    }
    pub(crate) unsafe fn put(&self, waker: Waker) {
        // SAFETY: loom checks it.
        self.0.with_mut(|slot| unsafe {
            (*slot).write(waker);
        })
    }
    pub(crate) unsafe fn take(&self) -> Waker {
        // SAFETY: loom checks it.
        self.0.with(|slot| unsafe { (*slot).assume_init_read() })
    }
    pub(crate) unsafe fn will_wake(&self, other: &Waker) -> bool {
        // SAFETY: loom checks it.
        self.0
            .with(|slot| unsafe { (*slot).assume_init_ref().will_wake(other) })
    }
}

std::thread_local! {
    /// Nodes and blocks of causes alive in this execution. Not a cell of loom's, so it adds no states; all threads of a
    /// model run on one thread of the test program.
    pub static LIVE: Cell<isize> = const { Cell::new(0) };
}

#[derive(Debug)]
pub(crate) struct Life {
    freed: AtomicBool,
    order: UnsafeCell<()>,
}

impl Life {
    pub(crate) fn new() -> Self {
        LIVE.with(|live| live.set(live.get() + 1));
        Life {
            freed: AtomicBool::new(false),
            order: UnsafeCell::new(()),
        }
    }
    /// Every access has to happen before the end, not only to come first by chance.
    pub(crate) fn touch(&self) {
        assert!(!self.freed.load(SeqCst), "use after free");
        self.order.with(|_| ());
    }
    /// Everybody else's access came before.
    #[cfg(feature = "alloc")]
    pub(crate) fn alone(&self) {
        self.order.with_mut(|_| ());
    }
    pub(crate) fn end(&self) -> bool {
        self.touch();
        self.order.with_mut(|_| ());
        self.freed.store(true, SeqCst);
        LIVE.with(|live| live.set(live.get() - 1));
        false
    }
}
