//! A global allocator that can count: the heap bytes of the size table.
//!
//! Counting is off while anything is timed; what remains then is one relaxed load and a branch that
//! is always predicted, the same for every contestant.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64};

struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[cold]
#[inline(never)]
fn note(before: usize, after: usize) {
    LIVE.fetch_add(after as i64 - before as i64, Relaxed);
}

// SAFETY: every call is passed on unchanged to `System`, which keeps the contract; the counters
// neither allocate nor unwind.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            note(0, layout.size());
        }
        // SAFETY: the caller's promise about `layout` is the one that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            note(0, layout.size());
        }
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            note(layout.size(), 0);
        }
        // SAFETY: `pointer` came from `System` with this layout, as all our memory does.
        unsafe { System.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if ON.load(Relaxed) {
            note(layout.size(), new_size);
        }
        // SAFETY: as in `dealloc`, and the caller vouches for `new_size`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

/// Memory that the heap keeps from the start on: more than any row needs.
const RESERVE: usize = 128 << 20;

/// Fills the heap once and frees it again, under a block that stays.
///
/// Without that, glibc gives memory back to the system between samples and takes new pages for the
/// next tree. Which pages these are then decides the rows of trees: they differ by 15 ns per node.
pub(crate) fn reserve() -> Box<u8> {
    const BLOCK: usize = 64 << 10; // below the size from which memory is mapped apart
    let blocks: Vec<Vec<u8>> = (0..RESERVE / BLOCK)
        .map(|_| black_box(vec![1; BLOCK]))
        .collect();
    let stays = black_box(Box::new(1_u8));
    drop(blocks);
    stays
}

/// Has glibc merge its free blocks, so that what is built next lies in memory in the order of its
/// creation, whatever earlier samples left behind.
///
/// A request for this much does it, and stays below the size from which memory is mapped apart. Where
/// it does nothing, it does no harm.
pub(crate) fn tidy() {
    drop(black_box(Vec::<u8>::with_capacity(100 << 10)));
}

/// Runs `work` and returns its result with the bytes that it allocated and did not free.
///
/// Requested bytes, without the allocator's own headers and rounding. Other threads have to be idle.
pub(crate) fn counted<R>(work: impl FnOnce() -> R) -> (R, i64) {
    LIVE.store(0, Relaxed);
    ON.store(true, Relaxed);
    let result = work();
    ON.store(false, Relaxed);
    (result, LIVE.load(Relaxed))
}
