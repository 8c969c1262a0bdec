//! The attribute, on this runtime.
#![cfg(target_arch = "wasm32")]

use cancel_web::{Cx, Reason, cancelable};
use std::time::Duration;
use wasm_bindgen_test::wasm_bindgen_test;

#[cancelable(timeout = "5ms")]
async fn nap(cx: &Cx, seconds: u64) -> u64 {
    if seconds > 0 {
        cx.sleep(Duration::from_secs(seconds)).await;
    }
    seconds // (at the first poll, which a busy browser cannot make too late)
}

#[wasm_bindgen_test]
async fn an_attribute() {
    assert_eq!(nap(0).await, Ok(0));
    assert_eq!(nap(3600).await.unwrap_err().reason(), Reason::Timeout);
}
