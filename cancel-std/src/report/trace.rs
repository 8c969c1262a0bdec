//! What operations say to logs (`log`) and traces (`tracing`). Which of them there are is decided
//! here and nowhere else; without them everything below is empty.
//!
//! | what | level | |
//! |---|---|---|
//! | start | debug | |
//! | trigger | info | reason and message |
//! | end | debug, info if cancelled, warn if failed | |
//! | a panic that was contained | warn | what it said |
//! | a cleanup that was lost, callbacks that were cut off | warn | |
//!
//! With both features each event is written once: by `tracing` if its subscriber wants it, otherwise by
//! `log`. Bridges between the two would show it twice. This is how the feature `log` of `tracing` does
//! it, but for each event on its own.
//!
//! Subscribers and loggers are foreign code: nothing of this is called under a lock.

use crate::basics::id::OperationId;
use crate::basics::panics::forget;
use crate::report::context::Context;
use crate::report::observer::Event;
use loudness::Loudness;
use std::panic::{AssertUnwindSafe, catch_unwind};

mod loudness;

#[cfg_attr(not(feature = "log"), path = "trace/no_log.rs")]
mod to_log;

#[cfg_attr(not(feature = "tracing"), path = "trace/no_tracing.rs")]
mod to_tracing;

pub(crate) use to_tracing::Inside;

/// What an operation keeps for it while it runs.
#[derive(Default)]
pub(crate) struct Trace {
    span: to_tracing::Slot,
}

/// The word for it.
fn verb(event: Event) -> &'static str {
    match event {
        Event::Start => "started",
        Event::Asked => "cancel requested",
        Event::Complete => "completed",
        Event::Cancel => "cancelled",
        Event::Error => "failed",
    }
}

impl Trace {
    /// The operation starts: its span, below the one that is current here.
    #[inline]
    pub(crate) fn open(
        &self,
        id: OperationId,
        name: Option<&str>,
        parent: impl FnOnce() -> Option<OperationId>,
    ) {
        self.span.open(id, name, parent);
    }

    /// Whatever is said until the guard is dropped belongs to the operation.
    #[inline]
    pub(crate) fn enter(&self) -> Inside {
        self.span.enter()
    }

    /// It has ended.
    #[inline]
    pub(crate) fn close(&self) {
        self.span.close();
    }
}

/// Whether anybody wants to hear of `event`.
#[inline]
pub(crate) fn hears(event: Event) -> bool {
    let loudness = Loudness::of(event);
    to_log::hears(loudness) || to_tracing::hears(loudness)
}

/// To be called inside the span.
pub(crate) fn event(event: Event, context: &Context) {
    let loudness = Loudness::of(event);
    if to_tracing::hears(loudness) {
        to_tracing::event(loudness, verb(event), context);
    } else if to_log::hears(loudness) {
        to_log::event(loudness, verb(event), context);
    }
}

/// A foreign part of an operation has panicked, and the panic ends here.
#[inline]
pub(crate) fn contained(id: OperationId, what: impl FnOnce() -> String) {
    warn(id, what);
}

/// Something was lost or went wrong beside the body. A panic of a logger that is told of it ends here.
#[inline]
pub(crate) fn warn(id: OperationId, what: impl FnOnce() -> String) {
    let tell = || {
        if to_tracing::hears(Loudness::Warn) {
            to_tracing::warn(id, &what());
        } else if to_log::hears(Loudness::Warn) {
            to_log::warn(id, &what());
        }
    };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
        forget(payload);
    }
}
