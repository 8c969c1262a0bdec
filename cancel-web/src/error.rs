//! The error of functions that meet both: cancelations, and errors of JavaScript's.

use crate::reason::{js_error, text};
use cancel_core::Cancelled;
use std::error;
use std::fmt;
use wasm_bindgen::{JsError, JsValue};

/// A cancelation, or an error of JavaScript's.
///
/// `?` makes it of either (of a [`JsValue`], a [`js_sys::Error`], a [`JsError`]), and of it what `#[wasm_bindgen]` functions return. For a cancelation that is
/// its [`js_error`]. It is not `Send`, as no value of JavaScript's is.
///
/// # Examples
///
/// ```no_run
/// use cancel_web::{Cancelable, WebError, abortable, fetch};
/// use std::time::Duration;
/// use wasm_bindgen::prelude::*;
/// use wasm_bindgen_futures::JsFuture;
///
/// #[wasm_bindgen]
/// pub async fn load(url: String) -> Result<JsValue, WebError> {
///     let op = Cancelable::with_timeout(Duration::from_secs(10)).name("load");
///     op.try_run(async |cx| {
///         abortable(cx.token(), async |signal| {
///             let response = fetch(&url, Default::default(), signal).await?;
///             Ok(JsFuture::from(response.json()?).await?)
///         })
///         .await
///     })
///     .await
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WebError {
    /// The work was cancelled.
    Cancelled(Cancelled),
    /// JavaScript threw this, or rejected a promise with it.
    Js(JsValue),
}

impl From<Cancelled> for WebError {
    fn from(cancelled: Cancelled) -> Self {
        WebError::Cancelled(cancelled)
    }
}

impl From<JsValue> for WebError {
    fn from(value: JsValue) -> Self {
        WebError::Js(value)
    }
}

impl From<js_sys::Error> for WebError {
    fn from(error: js_sys::Error) -> Self {
        WebError::Js(error.into())
    }
}

impl From<JsError> for WebError {
    fn from(error: JsError) -> Self {
        WebError::Js(error.into())
    }
}

impl From<WebError> for JsValue {
    fn from(error: WebError) -> Self {
        match error {
            WebError::Cancelled(cancelled) => js_error(&cancelled),
            WebError::Js(value) => value,
        }
    }
}

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WebError::Cancelled(cancelled) => cancelled.fmt(f),
            WebError::Js(value) => f.write_str(&text(value)),
        }
    }
}

impl error::Error for WebError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            WebError::Cancelled(cancelled) => cancelled.source(),
            WebError::Js(_) => None,
        }
    }
}
