//! Wakers whose every clone and drop is seen. `std::task::Wake` shows the last drop only.
//!
//! Invariants
//!
//! * W1: the data pointer of each waker comes from `Arc::into_raw`, and stands for one strong count.
//! * W2: `wake` and `drop` take that count back; `clone` adds one, after the hook, which may panic.
//! * W3: the instrument outlives each call into it: a count is held until after the hooks.

use super::instrument::Instrument;
use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

pub(super) fn waker(instrument: Arc<Instrument>) -> Waker {
    // SAFETY: W1; the functions below keep to it, and the instrument is `Send` and `Sync`.
    unsafe { Waker::new(Arc::into_raw(instrument).cast(), &VTABLE) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    let data: *const Instrument = data.cast();
    // SAFETY: W1: the waker that is cloned holds a count.
    unsafe { &*data }.cloned();
    // SAFETY: as above.
    unsafe { Arc::increment_strong_count(data) };
    RawWaker::new(data.cast(), &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: W2: the waker is used up.
    let owned = Owned(unsafe { Arc::from_raw(data.cast()) });
    owned.0.woken();
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: W1: the waker holds a count meanwhile.
    unsafe { &*data.cast::<Instrument>() }.woken();
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: W2: the waker is used up.
    drop(Owned(unsafe { Arc::from_raw(data.cast()) }));
}

/// A waker's count. It is dropped also when `woken` panics.
struct Owned(Arc<Instrument>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.dropped();
    }
}
