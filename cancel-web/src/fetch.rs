//! Work of JavaScript's that is aborted: `fetch`, and whatever takes a signal.

use crate::abort::AbortOnCancel;
use crate::error::WebError;
use cancel_core::{CancelToken, Cancelled, Reason};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn global_fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Runs `body` with a signal that is aborted when `token` is cancelled, or when this future is dropped.
///
/// The abort comes first, before `cancel` returns; then whatever waits for the signal gives an error,
/// and `body` may clean up. It is not dropped: to go on at once, and leave all that alone, put this into
/// [`run_until_cancelled`](cancel_core::Token::run_until_cancelled) or an operation.
///
/// # Errors
///
/// That of the body; or the token's [`Cancelled`], if the body failed and the token is cancelled, or if
/// it was beforehand (the body is not called then).
///
/// # Panics
///
/// As [`AbortOnCancel::new`].
///
/// # Cancel safety
///
/// Dropped half-way, it drops the body and aborts the signal, with [`Reason::Dropped`].
///
/// # Examples
///
/// The connection is closed, at whatever time the token is cancelled:
///
/// ```no_run
/// use cancel_web::{CancelToken, WebError, abortable, fetch};
/// use wasm_bindgen_futures::JsFuture;
///
/// async fn text(url: &str, token: &CancelToken) -> Result<String, WebError> {
///     abortable(token, async |signal| {
///         let response = fetch(url, Default::default(), signal).await?;
///         let text = JsFuture::from(response.text()?).await?;
///         Ok(text.as_string().unwrap_or_default())
///     })
///     .await
/// }
/// ```
pub async fn abortable<T, E, F>(token: &CancelToken, body: F) -> Result<T, E>
where
    F: AsyncFnOnce(&AbortSignal) -> Result<T, E>,
    E: From<Cancelled>,
{
    token.check()?;
    let mut link = Left {
        link: AbortOnCancel::new(token),
        over: false,
    };
    let result = body(link.link.signal()).await;
    link.over = true;
    match (result, token.cause()) {
        (Err(_), Some(cancelled)) => Err(cancelled.into()),
        (result, _) => result,
    }
}

/// Aborts if the future is dropped half-way.
struct Left {
    link: AbortOnCancel,
    over: bool,
}

impl Drop for Left {
    fn drop(&mut self) {
        if !self.over {
            self.link.abort_with(Reason::Dropped);
        }
    }
}

/// The `fetch` of window, worker or Node, with a signal: of [`abortable`](crate::abortable), say.
///
/// The request begins when this is first polled. It settles when the headers have come; the signal
/// counts for the body of the response, too.
///
/// # Errors
///
/// What `fetch` throws: a `TypeError` if there is no connection, the signal's reason if it is aborted.
/// (What reading the body gives then depends on the environment, and may be any error.)
/// An answer with an error's status is no error: ask [`Response::ok`].
///
/// # Cancel safety
///
/// Dropped half-way it leaves the request running: only the signal aborts it.
///
/// # Examples
///
/// With a method and a body:
///
/// ```no_run
/// use cancel_web::{CancelToken, WebError, abortable, fetch};
/// use web_sys::RequestInit;
///
/// async fn save(text: &str, token: &CancelToken) -> Result<bool, WebError> {
///     let init = RequestInit::new();
///     init.set_method("PUT");
///     init.set_body(&text.into());
///     abortable(token, async |signal| Ok(fetch("/note", init, signal).await?.ok())).await
/// }
/// ```
pub async fn fetch(
    url: &str,
    init: RequestInit,
    signal: &AbortSignal,
) -> Result<Response, WebError> {
    init.set_signal(Some(signal));
    let response = JsFuture::from(global_fetch(url, &init)?).await?;
    Ok(response.unchecked_into())
}
