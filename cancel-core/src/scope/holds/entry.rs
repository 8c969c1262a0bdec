//! The entry of a hold in the lists of its `Holds`.

use crate::sync::{LockedCell, WakerSlot};
use crate::tree::{Entry, Kind};

/// The entry of a hold, and what belongs to it.
#[repr(C)]
pub(crate) struct HoldEntry {
    pub(super) entry: Entry,
    /// In which it was last polled.
    pub(super) pass: LockedCell<u32>,
    pub(super) waker: WakerSlot,
}

impl HoldEntry {
    /// Creates an entry that is in no list.
    pub(crate) fn new() -> Self {
        HoldEntry {
            entry: Entry::new(Kind::Waiter),
            pass: LockedCell::new(0),
            waker: WakerSlot::new(),
        }
    }
}
