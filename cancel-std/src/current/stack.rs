//! The entries shown on this thread: a list of frames on its stack.
//!
//! Invariants
//!
//! * F1: `TOP` is null or the innermost frame of a `within` that has not returned yet, and `outer` of a
//!   frame the same for the one around it. A frame and its entry are borrowed by that call from before
//!   it is linked until after it is unlinked, which a guard does on return and on unwinding.
//! * F2: the pointers are in a thread-local and in frames of this thread only. So while somebody looks
//!   at them, all those calls wait further down on this very stack. (Not so for coroutines with stacks of
//!   their own that are suspended in the middle of a poll: they must not be dropped out of order, as with
//!   every thread-local that is scoped.)

use super::operation::CurrentOperation;
use std::cell::Cell;
use std::ptr::{from_ref, null};

struct Frame {
    entry: *const dyn CurrentOperation,
    outer: *const Frame,
}

thread_local! {
    /// (Without a destructor, so there to the very end of the thread.)
    static TOP: Cell<*const Frame> = const { Cell::new(null()) };
}

/// Shows an entry while `body` runs.
#[inline]
pub(crate) fn within<E: CurrentOperation + 'static, T>(entry: &E, body: impl FnOnce() -> T) -> T {
    let frame = Frame {
        entry: from_ref(entry),
        outer: TOP.get(),
    };
    let _linked = FrameLink { outer: frame.outer };
    TOP.set(&frame);
    body()
}

struct FrameLink {
    outer: *const Frame,
}

impl Drop for FrameLink {
    #[inline]
    fn drop(&mut self) {
        TOP.set(self.outer);
    }
}

/// The innermost entry for which `find` has an answer.
pub(super) fn find<T>(find: impl Fn(&dyn CurrentOperation) -> Option<T>) -> Option<T> {
    let mut at = TOP.get();
    // SAFETY: null, or a frame whose `within` is running on this thread (F1, F2); it cannot return
    // while this runs.
    while let Some(frame) = unsafe { at.as_ref() } {
        // SAFETY: borrowed by the `within` of this frame (F1), as above.
        let entry = unsafe { &*frame.entry };
        if let Some(found) = find(entry) {
            return Some(found);
        }
        at = frame.outer;
    }
    None
}
