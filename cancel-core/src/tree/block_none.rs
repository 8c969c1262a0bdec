//! Without a heap there are no callbacks but those in place.

use crate::cause::Cancelled;
use crate::sync::Panics;
use crate::tree::hub::Hub;
use crate::tree::list::Entry;

pub(crate) struct Calls;

impl Calls {
    pub(crate) const fn new() -> Self {
        Calls
    }
    pub(crate) fn is_empty(&self) -> bool {
        true
    }
    pub(crate) unsafe fn can_add(_: *const Entry, _: *const Entry) -> bool {
        false
    }
    pub(crate) unsafe fn add(&mut self, _: *const Entry, _: bool) {}
    pub(crate) fn run(&mut self, _: &mut Panics, _: impl Fn(bool) -> Cancelled) {}
}

#[must_use]
pub(crate) struct Orphans;

impl Orphans {
    #[inline(always)]
    pub(crate) unsafe fn of(_: *const Hub) -> Self {
        Orphans
    }
}
