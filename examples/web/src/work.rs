//! Three kinds of work. Each is an ordinary body of an operation, and knows nothing of the page.

use cancel_web::{Cx, WebError, abortable, fetch};
use js_sys::{Reflect, Uint8Array};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

/// Lets the page draw, and hear clicks. (A `checkpoint` gives way to other tasks, not to the page.)
const BREATH: Duration = Duration::from_millis(1);

/// Computes in slices.
pub(crate) async fn count_primes(cx: &Cx) -> Result<String, WebError> {
    const SLICES: u64 = 400;
    const SLICE: u64 = 5_000;
    let mut primes = 0;
    for slice in 0..SLICES {
        primes += (slice * SLICE..(slice + 1) * SLICE)
            .filter(|n| is_prime(*n))
            .count();
        cx.progress((slice + 1) * SLICE, SLICES * SLICE);
        cx.sleep(BREATH).await;
    }
    Ok(format!("{primes} primes below {}", SLICES * SLICE))
}

fn is_prime(n: u64) -> bool {
    n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

/// Fetches, and reads what comes, as it comes. The signal closes the connection at any time.
pub(crate) async fn download(url: &str, cx: &Cx) -> Result<String, WebError> {
    abortable(cx.token(), async |signal| {
        let response = fetch(url, Default::default(), signal).await?;
        if !response.ok() {
            let status = format!("the server answered {}", response.status());
            return Err(WebError::Js(js_sys::Error::new(&status).into()));
        }
        let total = length(&response)?;
        let reader = reader(&response)?;
        let mut received = 0;
        while let Some(chunk) = next(&reader).await? {
            received += u64::from(chunk.length());
            cx.progress(received / 1024, total / 1024);
        }
        Ok(format!("{} KiB received", received / 1024))
    })
    .await
}

fn length(response: &Response) -> Result<u64, WebError> {
    let length = response.headers().get("content-length")?;
    Ok(length.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn reader(response: &Response) -> Result<ReadableStreamDefaultReader, WebError> {
    let none = || JsValue::from(js_sys::Error::new("the answer is empty"));
    let body = response.body().ok_or_else(none)?;
    Ok(body.get_reader().unchecked_into())
}

/// `None` at the end.
async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, WebError> {
    let read = JsFuture::from(reader.read()).await?;
    if Reflect::get(&read, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    Ok(Some(Reflect::get(&read, &"value".into())?.unchecked_into()))
}

/// Three steps, of which the second must not be left half-done.
pub(crate) async fn save(cx: &Cx) -> Result<String, WebError> {
    step(cx, 0).await;
    cx.shield(async |cx| step(cx, 1).await).await;
    step(cx, 2).await;
    Ok("checked, written, told".to_string())
}

async fn step(cx: &Cx, step: u64) {
    const PARTS: u64 = 20;
    for part in 1..=PARTS {
        cx.sleep(Duration::from_millis(70)).await;
        cx.progress(step * PARTS + part, 3 * PARTS);
    }
}
