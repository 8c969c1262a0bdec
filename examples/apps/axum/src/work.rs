//! Work that the client waits for.

use crate::app::{App, Log, why};
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use cancel_tokio::{Cancelled, Cx, run_in_blocking_pool};
use std::collections::HashMap;

/// Numbers in the query: `?steps=10`.
pub(crate) type Numbers = Query<HashMap<String, u64>>;

/// Takes its time, and is dropped where it waits.
pub(crate) async fn report(
    State(app): State<App>,
    Extension(cx): Extension<Cx>,
    Query(numbers): Numbers,
) -> String {
    let steps = numbers.get("steps").copied().unwrap_or(8);
    for step in 0..steps {
        cx.progress(step, steps);
        cx.sleep(app.config().pace).await;
    }
    format!("a report of {steps} steps\n")
}

/// Computes, on a thread of tokio's pool. This future is dropped with the client, but not the closure: it
/// asks, and so ends soon after.
pub(crate) async fn primes(
    State(app): State<App>,
    Extension(cx): Extension<Cx>,
    Query(numbers): Numbers,
) -> Result<String, StatusCode> {
    let below = numbers.get("below").copied().unwrap_or(1_000_000);
    let log = app.log().clone();
    let counted = run_in_blocking_pool(&cx, move |cx| count(cx, below, &log)).await;
    match counted {
        Ok(Ok(found)) => Ok(format!("{found} primes below {below}\n")),
        // The layer answers for it.
        Ok(Err(_)) | Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn count(cx: &Cx, below: u64, log: &Log) -> Result<u64, Cancelled> {
    log.line(String::from("primes counting"));
    let mut found = 0;
    for n in 2..below {
        if n % 1000 == 0 {
            cx.progress(n, below);
            cx.check()
                .inspect_err(|error| log.line(format!("primes stopped at {n}, {}", why(error))))?;
        }
        found += u64::from(is_prime(n));
    }
    Ok(found)
}

fn is_prime(n: u64) -> bool {
    let divisors = (2..).take_while(|d| d * d <= n);
    n >= 2 && divisors.into_iter().all(|d| n % d != 0)
}
