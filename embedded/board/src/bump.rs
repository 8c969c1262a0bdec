//! The simplest allocator there is: it takes the next piece and never frees one.

use crate::section;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// An allocator of `SIZE` bytes. It turns interrupts off itself, without `critical-section`, so that
/// a program which measures these does not measure it.
pub struct Bump<const SIZE: usize> {
    memory: UnsafeCell<[u8; SIZE]>,
    used: UnsafeCell<usize>,
}

// SAFETY: `used` is touched with interrupts off, on the only core; pieces of `memory` are handed out
// once.
unsafe impl<const SIZE: usize> Sync for Bump<SIZE> {}

impl<const SIZE: usize> Bump<SIZE> {
    /// All of it is free.
    pub const fn new() -> Self {
        Bump {
            memory: UnsafeCell::new([0; SIZE]),
            used: UnsafeCell::new(0),
        }
    }
}

impl<const SIZE: usize> Default for Bump<SIZE> {
    fn default() -> Self {
        Bump::new()
    }
}

// SAFETY: the pieces do not overlap, are aligned, and lie inside of the memory, which is `'static`
// for an allocator.
unsafe impl<const SIZE: usize> GlobalAlloc for Bump<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let on = section::enter();
        let start = self.memory.get().cast::<u8>();
        // SAFETY: interrupts are off.
        let used = unsafe { &mut *self.used.get() };
        let free = start.wrapping_add(*used);
        let begin = *used + free.align_offset(layout.align());
        let piece = match begin.checked_add(layout.size()) {
            Some(end) if end <= SIZE => {
                *used = end;
                start.wrapping_add(begin)
            }
            _ => null_mut(),
        };
        // SAFETY: as they were before.
        unsafe { section::leave(on) };
        piece
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
