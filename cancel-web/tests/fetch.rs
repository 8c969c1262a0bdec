//! Work of JavaScript's that is aborted, and errors for it.
//!
//! Without a server: what a connection sees of an abort is tested with the page of `examples/web`.
#![cfg(target_arch = "wasm32")]

use cancel_web::{
    CancelToken, Cancelable, Cancelled, Reason, SpawnLocal, Timer, Web, WebError, abortable, fetch,
    js_error,
};
use js_sys::{Function, Promise, Reflect};
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortSignal;

const SHORT: Duration = Duration::from_millis(5);
const HELLO: &str = "data:text/plain,hello";

fn property(value: &JsValue, key: &str) -> Option<String> {
    Reflect::get(value, &key.into()).unwrap().as_string()
}

/// A promise that is rejected when the signal aborts, and never settles otherwise.
fn patient(signal: &AbortSignal) -> Promise {
    let code =
        "return new Promise((_, no) => signal.addEventListener('abort', () => no(signal.reason)))";
    let promise = Function::new_with_args("signal", code).call1(&JsValue::NULL, signal);
    promise.unwrap().unchecked_into()
}

async fn text(token: &CancelToken) -> Result<String, WebError> {
    abortable(token, async |signal| {
        let response = fetch(HELLO, Default::default(), signal).await?;
        let text = JsFuture::from(response.text()?).await?;
        Ok(text.as_string().unwrap_or_default())
    })
    .await
}

#[wasm_bindgen_test]
async fn a_fetch_that_succeeds() {
    assert_eq!(text(&CancelToken::new()).await.unwrap(), "hello");
}

#[wasm_bindgen_test]
async fn a_fetch_that_is_cancelled_beforehand() {
    let token = CancelToken::new();
    token.cancel_with("not today");
    match text(&token).await {
        Err(WebError::Cancelled(cancelled)) => assert_eq!(cancelled.message(), Some("not today")),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_fetch_that_is_cancelled_meanwhile() {
    let token = CancelToken::new();
    let result = abortable(&token, async |signal| {
        let mut response = pin!(fetch(HELLO, Default::default(), signal));
        // It has begun, and cannot settle before the event loop's next turn.
        let polled = poll_fn(|cx| Poll::Ready(response.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        token.cancel_with("too late");
        Ok::<_, WebError>(response.await?.ok())
    });
    match result.await {
        Err(WebError::Cancelled(cancelled)) => assert_eq!(cancelled.message(), Some("too late")),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_fetch_that_is_cancelled_before_it_begins() {
    let token = CancelToken::new();
    let result = abortable(&token, async |signal| {
        let response = fetch(HELLO, Default::default(), signal);
        token.cancel_with("not today");
        Ok::<_, WebError>(response.await?.ok())
    });
    assert!(matches!(result.await, Err(WebError::Cancelled(_))));
}

/// The headers have come, and nothing has been read. What reading gives differs from one environment to the
/// other.
#[wasm_bindgen_test]
async fn a_body_is_not_read_after_the_cancel() {
    let token = CancelToken::new();
    let result = abortable(&token, async |signal| {
        let response = fetch(HELLO, Default::default(), signal).await?;
        token.cancel_with("not needed any more");
        let text = JsFuture::from(response.text()?).await;
        assert!(text.is_err());
        Ok::<_, WebError>(text?)
    });
    match result.await {
        Err(WebError::Cancelled(cancelled)) => {
            assert_eq!(cancelled.message(), Some("not needed any more"));
        }
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_fetch_that_fails() {
    let token = CancelToken::new();
    let result: Result<_, WebError> = abortable(&token, async |signal| {
        fetch("data:no comma", Default::default(), signal).await
    })
    .await;
    let error = result.unwrap_err();
    assert!(matches!(error, WebError::Js(_)), "{error:?}");
    assert!(error.to_string().starts_with("TypeError: "), "{error}");
}

#[wasm_bindgen_test]
async fn any_promise_with_a_signal() {
    let op = Cancelable::with_timeout(SHORT);
    let seen = Rc::new(RefCell::new(None));
    let slot = seen.clone();
    let result = op
        .try_run(async |cx| -> Result<JsValue, WebError> {
            abortable(cx.token(), async |signal| {
                *slot.borrow_mut() = Some(signal.clone());
                Ok(JsFuture::from(patient(signal)).await?)
            })
            .await
        })
        .await;
    let error = JsValue::from(result.unwrap_err());
    assert_eq!(property(&error, "name").as_deref(), Some("TimeoutError"));
    let signal = seen.take().unwrap();
    assert!(signal.aborted());
    assert_eq!(
        property(&signal.reason(), "name").as_deref(),
        Some("TimeoutError")
    );
}

#[wasm_bindgen_test]
async fn the_body_may_clean_up() {
    let token = CancelToken::new();
    let canceller = token.clone();
    Web.spawn_local(async move {
        Web.sleep(SHORT).await.unwrap();
        canceller.cancel_with("stop");
    })
    .unwrap();
    let cleaned = RefCell::new(false);
    let result: Result<JsValue, WebError> = abortable(&token, async |signal| {
        let result = JsFuture::from(patient(signal)).await;
        Web.sleep(SHORT).await.unwrap();
        *cleaned.borrow_mut() = true;
        Ok(result?)
    })
    .await;
    assert!(cleaned.take());
    assert_eq!(result.unwrap_err().to_string(), "cancelled: manual: stop");
}

#[wasm_bindgen_test]
fn dropping_it_aborts() {
    let token = CancelToken::new();
    let mut seen = None;
    {
        let run = abortable(&token, async |signal| -> Result<(), Cancelled> {
            seen = Some(signal.clone());
            std::future::pending().await
        });
        let mut run = pin!(run);
        assert!(
            run.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }
    let reason = seen.unwrap().reason();
    assert_eq!(
        property(&reason, "cancelReason").as_deref(),
        Some("dropped")
    );
    assert!(!token.is_cancelled());
}

#[wasm_bindgen_test]
async fn what_ends_well_is_not_aborted() {
    let token = CancelToken::new();
    let mut seen = None;
    let result = abortable(&token, async |signal| {
        seen = Some(signal.clone());
        Ok::<_, Cancelled>(5)
    });
    assert_eq!(result.await, Ok(5));
    token.cancel();
    assert!(!seen.unwrap().aborted());
}

#[wasm_bindgen_test]
async fn question_marks_for_functions_of_javascript() {
    async fn exported(fail: bool, token: &CancelToken) -> Result<JsValue, WebError> {
        if fail {
            Err(js_sys::Error::from(js_sys::RangeError::new("too far")))?;
        }
        token.check()?;
        Ok(5.into())
    }
    let token = CancelToken::new();
    assert_eq!(exported(false, &token).await.unwrap(), 5);
    let error = JsValue::from(exported(true, &token).await.unwrap_err());
    assert_eq!(property(&error, "message").as_deref(), Some("too far"));
    let error = WebError::from(JsError::new("not a number"));
    assert_eq!(error.to_string(), "Error: not a number");
    token.cancel_with((Reason::Condition, "disk full"));
    let error = exported(false, &token).await.unwrap_err();
    let same = js_error(&token.check().unwrap_err());
    let error = JsValue::from(error);
    for key in ["name", "message", "cancelReason"] {
        assert_eq!(property(&error, key), property(&same, key));
    }
}
