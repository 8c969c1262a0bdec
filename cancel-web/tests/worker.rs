//! In a worker, where there is no `window`.
#![cfg(target_arch = "wasm32")]

use cancel_web::{AbortOnCancel, CancelToken, Cancelable, Reason, WebError, abortable, fetch};
use std::time::Duration;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn a_timeout_in_a_worker() {
    assert!(
        js_sys::eval("typeof window === 'undefined'")
            .unwrap()
            .is_truthy()
    );
    let op = Cancelable::with_timeout(Duration::from_millis(5));
    let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

#[wasm_bindgen_test]
async fn links_and_fetch_in_a_worker() -> Result<(), WebError> {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    let ok = abortable(&token, async |signal| {
        Ok::<_, WebError>(fetch("data:,x", Default::default(), signal).await?.ok())
    });
    assert!(ok.await?);
    token.cancel();
    assert!(link.signal().aborted());
    Ok(())
}
