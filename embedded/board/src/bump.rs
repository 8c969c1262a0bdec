//! The simplest allocator there is: it takes the next piece, and begins anew when all are given back.

use crate::section;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// An allocator of `SIZE` bytes. It turns interrupts off itself, without `critical-section`, so that
/// a program which measures these does not measure it.
pub struct Bump<const SIZE: usize> {
    memory: UnsafeCell<[u8; SIZE]>,
    used: UnsafeCell<Used>,
}

struct Used {
    bytes: usize,
    pieces: usize,
}

// SAFETY: `used` is touched with interrupts off, on the only core; a piece of `memory` has one owner.
unsafe impl<const SIZE: usize> Sync for Bump<SIZE> {}

impl<const SIZE: usize> Bump<SIZE> {
    /// All of it is free.
    pub const fn new() -> Self {
        Bump {
            memory: UnsafeCell::new([0; SIZE]),
            used: UnsafeCell::new(Used {
                bytes: 0,
                pieces: 0,
            }),
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
        let free = start.wrapping_add(used.bytes);
        let begin = used.bytes + free.align_offset(layout.align());
        let piece = match begin.checked_add(layout.size()) {
            Some(end) if end <= SIZE => {
                used.bytes = end;
                used.pieces += 1;
                start.wrapping_add(begin)
            }
            _ => null_mut(),
        };
        // SAFETY: as they were before.
        unsafe { section::leave(on) };
        piece
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {
        let on = section::enter();
        // SAFETY: interrupts are off.
        let used = unsafe { &mut *self.used.get() };
        used.pieces -= 1;
        if used.pieces == 0 {
            used.bytes = 0;
        }
        // SAFETY: as they were before.
        unsafe { section::leave(on) };
    }
}
