//! What only a page has.
#![cfg(target_arch = "wasm32")]

use cancel_web::{AbortOnCancel, CancelToken, Cancelable, Reason};
use std::time::Duration;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn listeners_of_an_element_end_with_the_token() {
    let token = CancelToken::new();
    let link = AbortOnCancel::new(&token);
    let code = "
        const button = document.createElement('button');
        const clicks = [];
        button.addEventListener('click', () => clicks.push(1), { signal });
        button.click();
        return { button, clicks };
    ";
    let page = js_sys::Function::new_with_args("signal", code)
        .call1(&wasm_bindgen::JsValue::NULL, link.signal())
        .unwrap();
    let click =
        js_sys::Function::new_with_args("page", "page.button.click(); return page.clicks.length");
    let clicks = || click.call1(&wasm_bindgen::JsValue::NULL, &page).unwrap();
    assert_eq!(clicks(), 2);
    token.cancel();
    assert_eq!(clicks(), 2);
}

#[wasm_bindgen_test]
async fn a_timeout_in_a_page() {
    let op = Cancelable::with_timeout(Duration::from_millis(5));
    let result = op.run(async |cx| cx.sleep(Duration::MAX).await).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}
