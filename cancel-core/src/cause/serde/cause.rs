//! Causes, before and after: written for logs and other processes, not read back.

use crate::cause::cancelled::Cancelled;
use crate::cause::cause::Cause;
use core::error::Error;
use core::fmt;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A struct of `reason`, `root_reason`, `message` (text or none), `origin` (the id as text, or none),
/// `name` (text or none), `limit` (a duration or none) and `source` (the text of the underlying error,
/// or none).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Cancelled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, limit) = self.name_and_limit();
        let mut cancelled = serializer.serialize_struct("Cancelled", 7)?;
        cancelled.serialize_field("reason", &self.reason())?;
        cancelled.serialize_field("root_reason", &self.root_reason())?;
        cancelled.serialize_field("message", &self.message())?;
        cancelled.serialize_field("origin", &self.origin().map(Text))?;
        cancelled.serialize_field("name", &name)?;
        cancelled.serialize_field("limit", &limit)?;
        cancelled.serialize_field("source", &self.source().map(Text))?;
        cancelled.end()
    }
}

/// A struct of `reason`, `message`, `origin`, `name`, `limit` and `source`, as those of [`Cancelled`].
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, limit) = self.name_and_limit();
        let mut cause = serializer.serialize_struct("Cause", 6)?;
        cause.serialize_field("reason", &self.reason())?;
        cause.serialize_field("message", &self.message())?;
        cause.serialize_field("origin", &self.origin().map(Text))?;
        cause.serialize_field("name", &name)?;
        cause.serialize_field("limit", &limit)?;
        cause.serialize_field("source", &self.error().map(Text))?;
        cause.end()
    }
}

/// What is written as the text it shows.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
