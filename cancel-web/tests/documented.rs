//! The functions of the documentation's examples, run.
#![cfg(target_arch = "wasm32")]

use cancel_web::{
    AbortOnCancel, CancelOnAbort, CancelToken, Cancelable, Reason, WebError, abort_source,
    abortable, fetch, js_error,
};
use js_sys::Reflect;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{AbortController, AbortSignal, RequestInit};

/// Of the crate.
#[wasm_bindgen]
pub async fn load(url: String, signal: AbortSignal) -> Result<JsValue, WebError> {
    let op = Cancelable::with_timeout(Duration::from_secs(10))
        .source(abort_source(&signal))
        .name("load");
    op.try_run(async |cx| {
        abortable(cx.token(), async |signal| {
            let response = fetch(&url, Default::default(), signal).await?;
            Ok(JsFuture::from(response.text()?).await?)
        })
        .await
    })
    .await
}

/// Of `js_error`.
#[wasm_bindgen]
pub async fn nap(milliseconds: u32) -> Result<(), JsValue> {
    let op = Cancelable::with_timeout(Duration::from_millis(5));
    let nap = Duration::from_millis(milliseconds.into());
    op.run(async |cx| cx.sleep(nap).await)
        .await
        .map_err(|c| js_error(&c))
}

/// Of `CancelOnAbort`.
#[wasm_bindgen]
pub async fn work(signal: AbortSignal) -> Result<u32, WebError> {
    let link = CancelOnAbort::new(&signal);
    let op = Cancelable::with_token(link.token()).name("work");
    let work = op.run(async |cx| {
        cx.sleep(Duration::from_millis(20)).await;
        5
    });
    Ok(work.await?)
}

fn name(error: &JsValue) -> Option<String> {
    Reflect::get(error, &"name".into()).unwrap().as_string()
}

#[wasm_bindgen_test]
async fn loading() {
    let controller = AbortController::new().unwrap();
    let text = load("data:,hello".into(), controller.signal()).await;
    assert_eq!(text.unwrap(), "hello");
    controller.abort();
    let error = load("data:,hello".into(), controller.signal()).await;
    assert_eq!(
        name(&error.unwrap_err().into()).as_deref(),
        Some("AbortError")
    );
}

#[wasm_bindgen_test]
async fn napping() {
    let error = nap(3_600_000).await.unwrap_err();
    assert_eq!(name(&error).as_deref(), Some("TimeoutError"));
}

#[wasm_bindgen_test]
async fn working() {
    let controller = AbortController::new().unwrap();
    assert_eq!(work(controller.signal()).await.unwrap(), 5);
    let working = work(controller.signal());
    controller.abort_with_reason(&"enough".into());
    match working.await {
        Err(WebError::Cancelled(cancelled)) => assert_eq!(cancelled.message(), Some("enough")),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_fetch_that_is_not_needed_any_more() {
    let stop = CancelToken::new();
    let link = AbortOnCancel::new(&stop);
    let response = fetch("data:,report", Default::default(), link.signal());
    stop.cancel_with("not needed any more");
    match response.await {
        Err(WebError::Js(error)) => assert_eq!(name(&error).as_deref(), Some("AbortError")),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn a_request_with_a_method() {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&"text".into());
    let token = CancelToken::new();
    let posted = abortable(&token, async |signal| {
        Ok::<_, WebError>(fetch("data:,ok", init, signal).await?.ok())
    });
    assert!(posted.await.unwrap());
}

#[wasm_bindgen_test]
async fn a_signal_that_fires_in_time() {
    let op = Cancelable::new().source(abort_source(&AbortSignal::timeout_with_u32(5)));
    let result = op.run(async |cx| cx.sleep(Duration::from_secs(3600)).await);
    assert_eq!(result.await.unwrap_err().reason(), Reason::Timeout);
}
