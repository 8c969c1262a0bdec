//! An allocator that counts what is alive. A test target that needs it declares it:
//! `#[global_allocator] static ALLOC: Counting = Counting;`

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// The system's allocator, counted.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

/// Memory that is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// Allocations.
    pub blocks: i64,
    /// Their sizes.
    pub bytes: i64,
}

static BLOCKS: AtomicI64 = AtomicI64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static HERE: Cell<(i64, i64)> = const { Cell::new((0, 0)) };
    static MADE: Cell<u64> = const { Cell::new(0) };
}

fn count(blocks: i64, bytes: i64) {
    BLOCKS.fetch_add(blocks, Relaxed);
    BYTES.fetch_add(bytes, Relaxed);
    let _ = HERE.try_with(|here| here.set((here.get().0 + blocks, here.get().1 + bytes)));
}

// SAFETY: all calls are passed on to `System` as they are; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as i64);
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-1, -(layout.size() as i64));
        // SAFETY: passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// What is alive in the process.
pub fn live() -> Live {
    Live {
        blocks: BLOCKS.load(Relaxed),
        bytes: BYTES.load(Relaxed),
    }
}

/// What this thread has allocated less what it has freed. Other threads do not disturb it.
pub fn live_here() -> Live {
    let (blocks, bytes) = HERE.with(Cell::get);
    Live { blocks, bytes }
}

/// How often this thread has allocated, whatever became of it.
pub fn made_here() -> u64 {
    MADE.with(Cell::get)
}
