//! The name in lower case.

use crate::report::status::Status;
use serde::de::{Deserialize, Deserializer, EnumAccess, Error, Unexpected, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// In the order of their numbers, which formats without names write.
const NAMES: &[&str] = &["pending", "running", "completed", "cancelled", "failed"];

const ALL: [Status; 5] = [
    Status::Pending,
    Status::Running,
    Status::Completed,
    Status::Cancelled,
    Status::Failed,
];

#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (index, name) = match self {
            Status::Pending => (0, "pending"),
            Status::Running => (1, "running"),
            Status::Completed => (2, "completed"),
            Status::Cancelled => (3, "cancelled"),
            Status::Failed => (4, "failed"),
        };
        serializer.serialize_unit_variant("Status", index, name)
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Status", NAMES, StatusVisitor)
    }
}

struct StatusVisitor;

impl<'de> Visitor<'de> for StatusVisitor {
    type Value = Status;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the status of an operation")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Status, A::Error> {
        let (StatusKind(status), content) = data.variant()?;
        content.unit_variant()?;
        Ok(status)
    }
}

struct StatusKind(Status);

impl<'de> Deserialize<'de> for StatusKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KindVisitor)
    }
}

struct KindVisitor;

impl Visitor<'_> for KindVisitor {
    type Value = StatusKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a status")
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<StatusKind, E> {
        let status = usize::try_from(index).ok().and_then(|index| ALL.get(index));
        status
            .map(|status| StatusKind(*status))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(index), &self))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<StatusKind, E> {
        let index = NAMES.iter().position(|known| *known == name);
        index
            .map(|index| StatusKind(ALL[index]))
            .ok_or_else(|| E::unknown_variant(name, NAMES))
    }
}
