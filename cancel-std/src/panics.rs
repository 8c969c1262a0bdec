//! What is done with the panics of foreign code that are contained.

use std::any::Any;

pub(crate) type Payload = Box<dyn Any + Send>;

/// "panicked: …", as far as the payload is text.
pub(crate) fn describe(payload: &(dyn Any + Send)) -> String {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some(*text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    };
    match text {
        Some(text) => format!("panicked: {text}"),
        None => String::from("panicked"),
    }
}

/// Drops a payload, whose own drop may panic.
pub(crate) fn forget(payload: Payload) {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
