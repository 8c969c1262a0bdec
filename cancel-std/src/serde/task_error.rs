//! An error of a task: whose, and what it says.

use crate::report::task_report::TaskError;
use serde::ser::{Serialize, SerializeStruct, Serializer};

/// A struct of `id`, `name` and `error`, which is the text.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl Serialize for TaskError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut error = serializer.serialize_struct("TaskError", 3)?;
        error.serialize_field("id", &self.id())?;
        error.serialize_field("name", &self.name())?;
        error.serialize_field("error", &self.to_string())?;
        error.end()
    }
}
