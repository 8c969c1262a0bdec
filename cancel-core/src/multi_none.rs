//! Without a heap there are no nodes with several sources, and no handles to count.

use crate::hub::Hub;
use crate::list::Entry;
use crate::node::{Link, Node};
use crate::sync::Held;

pub(crate) struct Finished;

impl Finished {
    pub(crate) const fn new() -> Self {
        Finished
    }
    pub(crate) unsafe fn add(&mut self, _: *const Entry) {}
    pub(crate) fn next(&mut self) -> Option<*const Hub> {
        None
    }
}

pub(crate) unsafe fn retain(_: *const Hub) {}

pub(crate) unsafe fn try_retain(_: *const Hub) -> bool {
    false
}

pub(crate) unsafe fn drop_some(_: *const Hub, _: u32) {}

pub(crate) unsafe fn release(_: *const Node) {}

pub(crate) unsafe fn release_multi(_: *const Hub) {}

pub(crate) unsafe fn fires(_: *const Link, _: &Held) -> bool {
    false
}
