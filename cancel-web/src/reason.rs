//! Causes as JavaScript's errors, and the other way round.

use cancel_core::{Cancelled, Cause, Reason};
use js_sys::{Error, Object, Reflect};
use std::error;
use std::fmt;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

/// The property of our errors that says the reason exactly.
const REASON: &str = "cancelReason";
const TIMEOUT: &str = "TimeoutError";
const ABORT: &str = "AbortError";
/// Chains of causes are cut there: JavaScript's may be circles.
const LONGEST_CHAIN: usize = 8;

/// What JavaScript gets to see of a cancelation: a `DOMException`.
///
/// Its `name` is `TimeoutError` for [`Reason::Timeout`], and `AbortError` for all others: what `fetch`
/// and its like give. Its `message` is that of the cancelation, or the reason where there is none. Its
/// property `cancelReason` is the reason in words (`"shutdown"`, `"signal 15"`), and `cause` the
/// underlying error. (For an inherited cancelation all this is that of the root.)
///
/// # Examples
///
/// For functions that JavaScript calls. ([`WebError`](crate::WebError) does it by `?`.)
///
/// ```no_run
/// use cancel_web::{Cancelable, js_error};
/// use std::time::Duration;
/// use wasm_bindgen::prelude::*;
///
/// #[wasm_bindgen]
/// pub async fn nap(milliseconds: u32) -> Result<(), JsValue> {
///     let op = Cancelable::with_timeout(Duration::from_secs(1));
///     let nap = Duration::from_millis(milliseconds.into());
///     op.run(async |cx| cx.sleep(nap).await).await.map_err(|c| js_error(&c))
/// }
/// ```
pub fn js_error(cancelled: &Cancelled) -> JsValue {
    let reason = cancelled.root_reason();
    let name = match reason {
        Reason::Timeout => TIMEOUT,
        _ => ABORT,
    };
    let message = match cancelled.message() {
        Some(message) => message.to_owned(),
        None => without_message(&reason.to_string()),
    };
    let error = exception(&message, name);
    set(&error, REASON, &reason.to_string().into());
    if let Some(cause) = error::Error::source(cancelled) {
        set(&error, "cause", &chain(cause, LONGEST_CHAIN));
    }
    error
}

fn without_message(reason: &str) -> String {
    format!("cancelled: {reason}")
}

fn exception(message: &str, name: &str) -> JsValue {
    match DomException::new_with_message_and_name(message, name) {
        Ok(exception) => exception.into(),
        Err(_) => {
            let error = Error::new(message);
            error.set_name(name);
            error.into()
        }
    }
}

fn chain(error: &(dyn error::Error + 'static), longest: usize) -> JsValue {
    let made = Error::new(&error.to_string());
    if let Some(source) = error.source().filter(|_| longest > 1) {
        set(&made, "cause", &chain(source, longest - 1));
    }
    made.into()
}

/// Of an object that has just been made.
fn set(object: &JsValue, key: &str, value: &JsValue) {
    let set = Reflect::set(object, &key.into(), value);
    debug_assert_eq!(set, Ok(true));
}

/// What a signal was aborted with, or a promise rejected, as a cause.
///
/// * An error called `TimeoutError`, as `AbortSignal.timeout()` gives it: [`Reason::Timeout`].
/// * One that [`js_error`] made, or whose property `cancelReason` is a reason in words: that reason.
/// * Everything else: [`Reason::Manual`].
///
/// The message is the error's, or the value itself in words; `undefined` has none. An error that is neither of the
/// kinds above nor an `AbortError` is the [source](std::error::Error::source) besides, with its name and
/// its own causes.
///
/// # Examples
///
/// ```no_run
/// use cancel_web::{Reason, cause_of};
/// use wasm_bindgen::JsValue;
///
/// let cause = cause_of(&JsValue::from_str("the user left"));
/// assert_eq!((cause.reason(), cause.message()), (Reason::Manual, Some("the user left")));
/// ```
pub fn cause_of(value: &JsValue) -> Cause {
    let Some(failure) = Failure::of(value, LONGEST_CHAIN) else {
        // Older environments have signals without a reason.
        if value.is_undefined() {
            return Cause::new(Reason::Manual);
        }
        return (Reason::Manual, text(value)).into();
    };
    let words = property(value, REASON);
    let reason = words.as_deref().and_then(parse);
    let known = match (reason, failure.name.as_str()) {
        (Some(reason), _) => Some(reason),
        (None, TIMEOUT) => Some(Reason::Timeout),
        (None, ABORT) => Some(Reason::Manual),
        (None, _) => None,
    };
    let mut cause = Cause::new(known.unwrap_or(Reason::Manual));
    // What `js_error` wrote where there was no message.
    let none = words.is_some_and(|words| failure.message == without_message(&words));
    if !none && !failure.message.is_empty() {
        cause = cause.with_message(failure.message.clone());
    }
    match (known, failure.source) {
        (None, source) => cause.with_error(Failure { source, ..failure }),
        (Some(_), Some(source)) => cause.with_error(source),
        (Some(_), None) => cause,
    }
}

/// A reason as its `Display` writes it.
fn parse(words: &str) -> Option<Reason> {
    let payload = |kind: &str| words.strip_prefix(kind)?.trim_start().parse().ok();
    let plain = [
        Reason::Manual,
        Reason::Timeout,
        Reason::Condition,
        Reason::Parent,
        Reason::Error,
        Reason::Dropped,
        Reason::Shutdown,
    ];
    let plain = plain.into_iter().find(|reason| reason.name() == words);
    plain
        .or_else(|| payload("signal").map(Reason::Signal))
        .or_else(|| payload("custom").map(Reason::Custom))
}

/// What can be said of an error of JavaScript's, without it: so it may go to other threads.
#[derive(Debug)]
struct Failure {
    name: String,
    message: String,
    source: Option<Box<Failure>>,
}

impl Failure {
    /// Anything with a name and a message: there are several classes, and one of each per frame.
    fn of(value: &JsValue, longest: usize) -> Option<Failure> {
        let name = property(value, "name")?;
        let message = property(value, "message")?;
        let cause = get(value, "cause").filter(|_| longest > 1);
        Some(Failure {
            name,
            message,
            source: cause.and_then(|cause| Failure::of(&cause, longest - 1).map(Box::new)),
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl error::Error for Failure {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A value in words.
pub(crate) fn text(value: &JsValue) -> String {
    if let Some(failure) = Failure::of(value, 1) {
        return failure.to_string();
    }
    let text = value.as_string();
    text.or_else(|| Some(value.as_f64()?.to_string()))
        .or_else(|| Some(value.as_bool()?.to_string()))
        .or_else(|| {
            let object = value.dyn_ref::<Object>()?;
            js_sys::JSON::stringify(object).ok()?.as_string()
        })
        .unwrap_or_else(|| format!("{value:?}"))
}

/// One that is text.
fn property(value: &JsValue, key: &str) -> Option<String> {
    get(value, key)?.as_string()
}

/// Getters may throw. Values that are no objects have no properties, and asking for them throws, too: for
/// nothing.
fn get(value: &JsValue, key: &str) -> Option<JsValue> {
    if !value.is_object() && !value.is_function() {
        return None;
    }
    Reflect::get(value, &key.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use cancel_core::Reason;

    #[test]
    fn reasons_come_back_from_words() {
        for reason in [
            Reason::Manual,
            Reason::Timeout,
            Reason::Signal(15),
            Reason::Condition,
            Reason::Parent,
            Reason::Error,
            Reason::Dropped,
            Reason::Shutdown,
            Reason::Custom(u16::MAX),
        ] {
            assert_eq!(parse(&reason.to_string()), Some(reason));
        }
        for unknown in ["", "signal", "custom 65536", "signal -1", "manuals"] {
            assert_eq!(parse(unknown), None);
        }
    }
}
