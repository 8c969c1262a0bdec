//! Without a heap there are no tasks that keep a token's time.

use crate::sync::Held;
use crate::tree::hub::Hub;

pub(crate) struct Closed;

impl Closed {
    pub(crate) const fn none() -> Self {
        Closed
    }
    pub(crate) fn is_empty(&self) -> bool {
        true
    }
    pub(crate) fn add(&mut self, _: Closed) {}
    pub(crate) fn wake_next(&mut self) -> bool {
        false
    }
}

#[inline(always)]
pub(crate) fn is_timed(_: u32) -> bool {
    false
}

#[inline(always)]
pub(crate) unsafe fn take(_: *const Hub, _: &mut Held) -> Closed {
    Closed
}
