//! A lock made of nothing but an atomic, so that ThreadSanitizer sees its edges without an
//! instrumented std.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

/// A value behind a spinning lock. Keep the sections short, and foreign code out.
#[derive(Debug, Default)]
pub struct Spin<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is used by the holder of the lock alone.
unsafe impl<T: Send> Sync for Spin<T> {}

impl<T> Spin<T> {
    /// Unlocked.
    pub const fn new(value: T) -> Self {
        Spin {
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `f` under the lock; `f` must not panic (the lock would stay locked).
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        while self
            .locked
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            std::thread::yield_now();
        }
        // SAFETY: locked.
        let result = f(unsafe { &mut *self.value.get() });
        self.locked.store(false, Ordering::Release);
        result
    }

    /// Puts a value in, and gives the old one back to be dropped outside of the lock.
    pub fn replace(&self, value: T) -> T {
        self.with(|old| std::mem::replace(old, value))
    }
}
