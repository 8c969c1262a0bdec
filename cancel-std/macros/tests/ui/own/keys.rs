use cancel_std::{Cancelled, cancelable};

#[cancelable(timout = "2s")]
async fn unknown() {}

#[cancelable(timeout = "2s", timeout = "3s")]
async fn twice() {}

#[cancelable(parent = cx, runtime = cancel_std::Std)]
async fn two_runtimes(cx: &cancel_std::Cx) {}

#[cancelable("2s")]
async fn no_key() {}

#[cancelable(timeout)]
async fn no_value() {}

#[cancelable(timeout("2s"))]
async fn brackets() {}

#[cancelable(timeout = "2s" name = "x")]
async fn no_comma() {}

#[cancelable(register("jobs"))]
async fn register() {}

#[cancelable(timout = "2s", name = "x", graze = "1s", grace = 5)]
async fn several() {}

// The functions are there all the same: no further errors come from their callers.
async fn callers() -> Result<(), Cancelled> {
    unknown().await?;
    twice().await?;
    several().await
}

fn main() {}
