//! What is known of an operation that runs here.

use crate::basics::id::OperationId;
use cancel_core::CancelToken;
use std::any::Any;

/// An operation whose runtime is not known.
pub(crate) trait CurrentOperation {
    fn id(&self) -> OperationId;
    fn token(&self) -> CancelToken;
    fn any(&self) -> &dyn Any;
}
