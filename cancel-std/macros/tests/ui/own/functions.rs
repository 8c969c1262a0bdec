use cancel_std::{Cx, cancelable};
use std::future::Future;
use std::pin::Pin;

#[cancelable(timeout = "2s")]
const fn constant() {}

#[cancelable(timeout = "2s")]
async unsafe fn not_safe() {}

#[cancelable(timeout = "2s")]
extern "C" fn foreign() {}

#[cancelable(timeout = "2s")]
async fn never() -> ! {
    loop {}
}

#[cancelable(timeout = "2s")]
fn hidden_future() -> impl Future<Output = u32> {
    async { 5 }
}

#[cancelable(timeout = "2s")]
fn boxed_future() -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async { 5 })
}

#[cancelable(timeout = "2s")]
struct NoFunction;

trait Job {
    #[cancelable(timeout = "2s")]
    async fn without_body(&self, cx: &Cx);
}

fn main() {}
