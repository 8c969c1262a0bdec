//! Without a heap there are no nodes with several sources, and no handles to count.

use crate::hub::Hub;
use crate::node::{Link, Node};
use crate::sync::Held;

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
