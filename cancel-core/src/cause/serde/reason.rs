//! `"timeout"`, `{"signal":15}`: the name, as [`Reason::name`] gives it, and the payload.

use crate::cause::reason::Reason;
use core::fmt;
use serde::de::{Deserialize, Deserializer, EnumAccess, Error, Unexpected, VariantAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// In the order of their numbers, which formats without names write.
const NAMES: &[&str] = &[
    "manual",
    "timeout",
    "signal",
    "condition",
    "parent",
    "error",
    "dropped",
    "shutdown",
    "custom",
];

#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = self.name();
        let index = match self {
            Reason::Manual => 0,
            Reason::Timeout => 1,
            Reason::Signal(_) => 2,
            Reason::Condition => 3,
            Reason::Parent => 4,
            Reason::Error => 5,
            Reason::Dropped => 6,
            Reason::Shutdown => 7,
            Reason::Custom(_) => 8,
        };
        match self {
            Reason::Signal(payload) | Reason::Custom(payload) => {
                serializer.serialize_newtype_variant("Reason", index, name, payload)
            }
            _ => serializer.serialize_unit_variant("Reason", index, name),
        }
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Reason", NAMES, ReasonVisitor)
    }
}

struct ReasonVisitor;

impl<'de> Visitor<'de> for ReasonVisitor {
    type Value = Reason;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reason of a cancelation")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Reason, A::Error> {
        let (Index(index), content) = data.variant()?;
        let plain = match index {
            0 => Reason::Manual,
            1 => Reason::Timeout,
            2 => return content.newtype_variant().map(Reason::Signal),
            3 => Reason::Condition,
            4 => Reason::Parent,
            5 => Reason::Error,
            6 => Reason::Dropped,
            7 => Reason::Shutdown,
            _ => return content.newtype_variant().map(Reason::Custom),
        };
        content.unit_variant()?;
        Ok(plain)
    }
}

/// An index into `NAMES`.
struct Index(usize);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(IndexVisitor)
    }
}

struct IndexVisitor;

impl Visitor<'_> for IndexVisitor {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a reason")
    }

    fn visit_u64<E: Error>(self, index: u64) -> Result<Index, E> {
        match usize::try_from(index) {
            Ok(index) if index < NAMES.len() => Ok(Index(index)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(index), &self)),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Index, E> {
        let index = NAMES.iter().position(|known| *known == name);
        index
            .map(Index)
            .ok_or_else(|| E::unknown_variant(name, NAMES))
    }

    fn visit_bytes<E: Error>(self, name: &[u8]) -> Result<Index, E> {
        let index = NAMES.iter().position(|known| known.as_bytes() == name);
        index
            .map(Index)
            .ok_or_else(|| E::invalid_value(Unexpected::Bytes(name), &self))
    }
}
