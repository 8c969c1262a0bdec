//! Without the feature `tracing`.

use super::loudness::Loudness;
use crate::basics::id::OperationId;
use crate::report::context::Context;

#[derive(Default)]
pub(super) struct Slot;

pub(crate) struct Inside;

impl Slot {
    #[inline]
    pub(super) fn open(
        &self,
        _: OperationId,
        _: Option<&str>,
        _: impl FnOnce() -> Option<OperationId>,
    ) {
    }

    #[inline]
    pub(super) fn enter(&self) -> Inside {
        Inside
    }

    #[inline]
    pub(super) fn close(&self) {}
}

pub(super) fn hears(_: Loudness) -> bool {
    false
}

pub(super) fn event(_: Loudness, _: &str, _: &Context) {}

pub(super) fn warn(_: OperationId, _: &str) {}
