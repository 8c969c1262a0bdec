//! A struct of all that a context tells, except results, whose types are not known.

use crate::report::context::Context;
use cancel_core::Instant;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A struct with a field for each method, under its name. Left out are the
/// [partial result](Context::partial_result) and [undelivered items](Context::undelivered), whose types
/// are not known. Times are written as `serde` writes a [`Duration`](std::time::Duration);
/// moments as the one since the epoch of the runtime's clock, dates as it writes a
/// [`SystemTime`](std::time::SystemTime).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut context = serializer.serialize_struct("Context", 28)?;
        context.serialize_field("id", &self.id())?;
        context.serialize_field("parent_id", &self.parent_id())?;
        context.serialize_field("external_id", &self.external_id())?;
        context.serialize_field("name", &self.name())?;
        context.serialize_field("metadata", self.metadata())?;
        context.serialize_field("status", &self.status())?;
        context.serialize_field("started", &self.started().map(Instant::since_epoch))?;
        context.serialize_field("started_at", &self.started_at())?;
        context.serialize_field("requested", &self.requested().map(Instant::since_epoch))?;
        context.serialize_field("requested_at", &self.requested_at())?;
        context.serialize_field("ended", &self.ended().map(Instant::since_epoch))?;
        context.serialize_field("ended_at", &self.ended_at())?;
        context.serialize_field("duration", &self.duration())?;
        context.serialize_field("remaining", &self.remaining())?;
        context.serialize_field("reason", &self.reason())?;
        context.serialize_field("cause", &self.cause())?;
        context.serialize_field("message", &self.message())?;
        context.serialize_field("error", &self.error())?;
        context.serialize_field("progress", &self.progress())?;
        context.serialize_field("progress_rate", &self.progress_rate())?;
        context.serialize_field("undelivered_dropped", &self.undelivered_dropped())?;
        context.serialize_field("shielded", &self.shielded())?;
        context.serialize_field("callback_panics", &self.callback_panics())?;
        context.serialize_field("cut_off", &self.cut_off())?;
        context.serialize_field("task_errors", self.task_errors())?;
        context.serialize_field("task_error_count", &self.task_error_count())?;
        context.serialize_field("callbacks_cut_off", &self.callbacks_cut_off())?;
        context.serialize_field("cleanup_lost", &self.cleanup_lost())?;
        context.end()
    }
}
