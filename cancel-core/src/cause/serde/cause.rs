//! Causes, before and after: written for logs and other processes, not read back.

use crate::cause::cancelled::Cancelled;
use crate::cause::cause::Cause;
use core::error::Error;
use core::fmt;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A struct of `reason`, `root_reason`, `message` (text or none) and `source` (the text of the
/// underlying error, or none).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Cancelled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cancelled = serializer.serialize_struct("Cancelled", 4)?;
        cancelled.serialize_field("reason", &self.reason())?;
        cancelled.serialize_field("root_reason", &self.root_reason())?;
        cancelled.serialize_field("message", &self.message())?;
        cancelled.serialize_field("source", &self.source().map(Text))?;
        cancelled.end()
    }
}

/// A struct of `reason` and `message` (text or none).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cause = serializer.serialize_struct("Cause", 2)?;
        cause.serialize_field("reason", &self.reason())?;
        cause.serialize_field("message", &self.message())?;
        cause.end()
    }
}

/// An error, as its text.
struct Text<'a>(&'a dyn Error);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
