//! Of a registry: the snapshot, and the statistics in it. Written for others, not read back.

use crate::registry::{Snapshot, Statistics};
use cancel_core::Reason;
use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};
use std::collections::BTreeMap;

/// A struct with the fields `operations`, `history` (lists of contexts) and `statistics`.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut snapshot = serializer.serialize_struct("Snapshot", 3)?;
        snapshot.serialize_field("operations", self.operations())?;
        snapshot.serialize_field("history", self.history())?;
        snapshot.serialize_field("statistics", self.statistics())?;
        snapshot.end()
    }
}

/// A struct with a field for each method without arguments, under its name; `reasons` is a list of
/// structs of `reason` and `count`. Times are written as `serde` writes a
/// [`Duration`](std::time::Duration).
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for Statistics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut statistics = serializer.serialize_struct("Statistics", 11)?;
        statistics.serialize_field("registered", &self.registered())?;
        statistics.serialize_field("pending", &self.pending())?;
        statistics.serialize_field("running", &self.running())?;
        statistics.serialize_field("completed", &self.completed())?;
        statistics.serialize_field("cancelled", &self.cancelled())?;
        statistics.serialize_field("failed", &self.failed())?;
        statistics.serialize_field("unended", &self.unended())?;
        statistics.serialize_field("ended", &self.ended())?;
        statistics.serialize_field("reasons", &Reasons(&self.reasons))?;
        statistics.serialize_field("total_duration", &self.total_duration())?;
        statistics.serialize_field("average_duration", &self.average_duration())?;
        statistics.end()
    }
}

/// Not a map: keys of JSON are text, and some reasons carry a number.
struct Reasons<'a>(&'a BTreeMap<Reason, u64>);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut reasons = serializer.serialize_seq(Some(self.0.len()))?;
        for (reason, count) in self.0 {
            reasons.serialize_element(&Counted(*reason, *count))?;
        }
        reasons.end()
    }
}

struct Counted(Reason, u64);

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut counted = serializer.serialize_struct("Counted", 2)?;
        counted.serialize_field("reason", &self.0)?;
        counted.serialize_field("count", &self.1)?;
        counted.end()
    }
}
