//! A struct of five fields.

use crate::basics::id::OperationId;
use crate::report::progress::{Metadata, Progress};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use std::borrow::Cow;
use std::fmt;

const FIELDS: &[&str] = &["operation", "message", "metadata", "current", "total"];

/// A struct of `operation`, `message`, `metadata`, `current` and `total` (numbers, or none).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Progress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut progress = serializer.serialize_struct("Progress", FIELDS.len())?;
        progress.serialize_field("operation", &self.operation())?;
        progress.serialize_field("message", self.message())?;
        progress.serialize_field("metadata", self.metadata())?;
        progress.serialize_field("current", &self.current())?;
        progress.serialize_field("total", &self.total())?;
        progress.end()
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de> Deserialize<'de> for Progress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Progress", FIELDS, ProgressVisitor)
    }
}

/// What has been read so far.
#[derive(Default)]
struct Parts {
    operation: Option<OperationId>,
    message: String,
    metadata: Metadata,
    current: Option<u64>,
    total: Option<u64>,
}

impl Parts {
    fn build<E: Error>(self) -> Result<Progress, E> {
        let operation = self.operation.ok_or_else(|| E::missing_field(FIELDS[0]))?;
        let count = self
            .current
            .map(|current| (current, self.total.unwrap_or(0)));
        let message = match self.message.is_empty() {
            true => Cow::Borrowed(""),
            false => Cow::Owned(self.message),
        };
        Ok(Progress::from_parts(
            operation,
            message,
            self.metadata,
            count,
        ))
    }
}

struct ProgressVisitor;

impl<'de> Visitor<'de> for ProgressVisitor {
    type Value = Progress;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a progress report")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Progress, A::Error> {
        let mut parts = Parts::default();
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "operation" => parts.operation = Some(map.next_value()?),
                "message" => parts.message = map.next_value()?,
                "metadata" => parts.metadata = map.next_value()?,
                "current" => parts.current = map.next_value()?,
                "total" => parts.total = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?), // of a later version
            }
        }
        parts.build()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Progress, A::Error> {
        let parts = Parts {
            operation: seq.next_element()?,
            message: element(&mut seq, 1, &self)?,
            metadata: element(&mut seq, 2, &self)?,
            current: element(&mut seq, 3, &self)?,
            total: element(&mut seq, 4, &self)?,
        };
        parts.build()
    }
}

fn element<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(
    seq: &mut A,
    index: usize,
    visitor: &ProgressVisitor,
) -> Result<T, A::Error> {
    let element = seq.next_element()?;
    element.ok_or_else(|| A::Error::invalid_length(index, visitor))
}
