//! With the feature `tracing`.

use super::loudness::Loudness;
use crate::basics::id::OperationId;
use crate::report::context::Context;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::span::{EnteredSpan, Span};

/// The span of an operation while it runs. The lock is held for copies of a pointer.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Arc<Span>>>);

/// Leaves the span when dropped.
pub(crate) struct Inside {
    _entered: Option<EnteredSpan>,
}

impl Slot {
    pub(super) fn open(
        &self,
        id: OperationId,
        name: Option<&str>,
        parent: impl FnOnce() -> Option<OperationId>,
    ) {
        if !tracing::span_enabled!(target: "cancel_std", tracing::Level::INFO) {
            return;
        }
        let span = tracing::info_span!(
            target: "cancel_std",
            "operation",
            id = %id,
            name = name,
            parent = parent().map(tracing::field::display),
        );
        *self.lock() = Some(Arc::new(span)); // there was none
    }

    pub(super) fn enter(&self) -> Inside {
        let span = self.lock().clone();
        // (Cloning a span asks the subscriber.)
        Inside {
            _entered: span.map(|span| Span::clone(&span).entered()),
        }
    }

    pub(super) fn close(&self) {
        let span = self.lock().take();
        drop(span);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Span>>> {
        // Nothing can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn hears(loudness: Loudness) -> bool {
    match loudness {
        Loudness::Debug => tracing::enabled!(target: "cancel_std", tracing::Level::DEBUG),
        Loudness::Info => tracing::enabled!(target: "cancel_std", tracing::Level::INFO),
        Loudness::Warn => tracing::enabled!(target: "cancel_std", tracing::Level::WARN),
    }
}

pub(super) fn event(loudness: Loudness, verb: &str, context: &Context) {
    let cause = context.cause();
    // (The macro wants its level as a constant.)
    macro_rules! say {
        ($level:ident) => {
            tracing::event!(
                target: "cancel_std",
                tracing::Level::$level,
                id = %context.id(),
                name = context.name(),
                parent = context.parent_id().map(tracing::field::display),
                reason = cause.map(|cause| tracing::field::display(cause.reason())),
                root_reason = cause.map(|cause| tracing::field::display(cause.root_reason())),
                cause = context.message(),
                error = context.error(),
                "{verb}"
            )
        };
    }
    match loudness {
        Loudness::Debug => say!(DEBUG),
        Loudness::Info => say!(INFO),
        Loudness::Warn => say!(WARN),
    }
}

pub(super) fn warn(id: OperationId, what: &str) {
    tracing::warn!(target: "cancel_std", id = %id, "{what}");
}
