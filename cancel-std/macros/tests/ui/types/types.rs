use cancel_std::{CancelToken, Cancelled, Cx, cancelable};
use std::time::Duration;

#[derive(Debug)]
struct MyError;

impl std::fmt::Display for MyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("my error")
    }
}

#[cancelable(timeout = "2s")]
async fn no_conversion() -> Result<u32, MyError> {
    Ok(5)
}

#[cancelable(timeout = "2s")]
fn no_conversion_blocking() -> Result<u32, MyError> {
    Ok(5)
}

#[cancelable(timeout = limit)]
async fn no_duration(limit: u32) {
    let _ = limit;
}

#[cancelable(token = stop)]
async fn no_token(stop: &str) {
    let _ = stop;
}

#[cancelable(parent = stop)]
async fn no_parent(stop: CancelToken) {
    let _ = stop;
}

#[cancelable(condition = Duration::ZERO)]
async fn no_condition() {}

#[cancelable]
async fn wrong_body(cx: &Cx) -> u32 {
    cx.sleep(Duration::ZERO).await;
    "five"
}

#[cancelable]
async fn wrong_return(early: bool) -> Result<u32, Cancelled> {
    if early {
        return 5;
    }
    Ok(5)
}

#[cancelable]
async fn no_default<R: cancel_std::Runtime>(cx: &cancel_std::generic::Cx<R>) {}

fn main() {}
