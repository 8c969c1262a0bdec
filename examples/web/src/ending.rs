//! How an operation has ended, for JavaScript.

use cancel_web::{Cancelled, Operation, WebError};
use wasm_bindgen::prelude::*;

/// How an operation has ended.
#[wasm_bindgen(getter_with_clone)]
#[derive(Debug)]
pub struct Ending {
    /// `completed`, `cancelled` or `failed`.
    pub status: String,
    /// Why it was cancelled, in one word: `manual`, `timeout`, `parent` ...
    pub reason: Option<String>,
    /// If an ancestor was cancelled: why that was.
    #[wasm_bindgen(js_name = rootReason)]
    pub root_reason: Option<String>,
    /// What whoever cancelled it said.
    pub message: Option<String>,
    /// The result, or the error.
    pub text: Option<String>,
    /// How long it ran.
    pub seconds: f64,
}

impl Ending {
    pub(crate) fn of(op: &Operation, result: Result<String, WebError>) -> Ending {
        let context = op.context();
        let cause = context.cause();
        let text = match result {
            Ok(text) => Some(text),
            Err(WebError::Cancelled(_)) => None,
            Err(error) => Some(error.to_string()),
        };
        Ending {
            status: context.status().to_string(),
            reason: cause.map(|cause| cause.reason().to_string()),
            root_reason: cause
                .filter(|cause| cause.is_inherited())
                .map(|cause| cause.root_reason().to_string()),
            message: cause.and_then(Cancelled::message).map(str::to_owned),
            text,
            seconds: context.duration().unwrap_or_default().as_secs_f64(),
        }
    }
}
