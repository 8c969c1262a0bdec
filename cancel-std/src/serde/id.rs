//! The number.

use crate::basics::id::OperationId;
use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

/// As its number.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

/// The id is of the process that wrote it: here it may be that of another operation.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(OperationId::from_number)
    }
}
