//! What is done with the panics of foreign code that are contained.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// Runs foreign code. A panic is its text.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(explain)
}

/// The text of a panic whose payload nobody needs.
pub(crate) fn explain(payload: Payload) -> String {
    let text = describe(&*payload);
    forget(payload);
    text
}

/// Foreign code whose drop may panic: then nobody hears of it.
pub(crate) struct Quiet<T>(Option<T>);

impl<T> Quiet<T> {
    pub(crate) fn new(inner: T) -> Self {
        Quiet(Some(inner))
    }

    pub(crate) fn get(&mut self) -> &mut T {
        self.0.as_mut().expect("it is there until the drop")
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("it is there until the drop")
    }
}

impl<T> Drop for Quiet<T> {
    fn drop(&mut self) {
        let inner = self.0.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(inner))) {
            forget(payload);
        }
    }
}

/// Drops a payload, whose own drop may panic.
pub(crate) fn forget(payload: Payload) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}
