//! What is said on a channel: `{"reason":"shutdown","message":"new release"}`.
//!
//! The reason is a name, or a name and a number: `{"custom":7}`, `{"signal":15}`. Both fields may be
//! missing; then the reason is *manual*, and there is no message. Other fields are ignored, for later
//! versions to add.

use cancel_smol::{Cause, Reason};
use serde::{Deserialize, Serialize};

/// The channel of an operation.
pub(crate) fn channel(name: &str) -> String {
    format!("cancel:{name}")
}

/// The text that asks for this. (Whose cancelation it is means nothing in another process.)
pub fn write(cause: &Cause) -> String {
    #[derive(Serialize)]
    struct Request<'a> {
        reason: Reason,
        message: Option<&'a str>,
    }

    let (reason, message) = (cause.reason(), cause.message());
    serde_json::to_string(&Request { reason, message }).expect("a reason and a text")
}

/// What a text asks for.
///
/// # Errors
///
/// If it is not such a text.
pub fn read(text: &[u8]) -> serde_json::Result<Cause> {
    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        reason: Reason,
        message: Option<String>,
    }

    let Request { reason, message } = serde_json::from_slice(text)?;
    let cause = Cause::new(reason);
    Ok(match message {
        Some(message) => cause.with_message(message),
        None => cause,
    })
}

/// A reason as people write it: `shutdown`, `custom:7`.
///
/// # Errors
///
/// If there is no such reason.
pub fn reason(text: &str) -> Result<Reason, String> {
    let written = match text.split_once(':') {
        None => serde_json::json!(text),
        Some((name, number)) => match number.parse::<u16>() {
            Ok(number) => serde_json::json!({ name: number }),
            Err(error) => return Err(format!("`{number}` in the reason: {error}")),
        },
    };
    serde_json::from_value(written).map_err(|error| format!("reason `{text}`: {error}"))
}
