//! Trying again after failures, with pauses that grow, until somebody says stop.
//!
//! Run it: `cargo run --example 13_retry` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable, Cancelled, Operation};
use std::fmt;
use std::time::Duration;

#[derive(Debug)]
enum FetchError {
    Refused,
    Cancelled(Cancelled),
}

impl From<Cancelled> for FetchError {
    fn from(cancelled: Cancelled) -> Self {
        FetchError::Cancelled(cancelled)
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::Refused => f.write_str("connection refused"),
            FetchError::Cancelled(cancelled) => cancelled.fmt(f),
        }
    }
}

/// The pauses between the attempts: each twice as long as the one before, up to a limit.
fn backoff(first: Duration, limit: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(first), move |pause| Some((*pause * 2).min(limit)))
}

/// A helper that knows nothing of operations, as other crates have them: it calls until the answer
/// is good, the error is final, or there are no pauses left.
async fn retry<T, E, W: Future<Output = Result<T, E>>>(
    mut call: impl FnMut() -> W,
    mut pauses: impl Iterator<Item = Duration>,
    is_final: impl Fn(&E) -> bool,
) -> Result<T, E> {
    loop {
        match (call().await, pauses.next()) {
            (Err(error), Some(pause)) if !is_final(&error) => {
                smol::Timer::after(pause).await;
            }
            (result, _) => return result,
        }
    }
}

/// A server that is up after so many attempts.
struct Server {
    attempts: u32,
    up_after: u32,
}

impl Server {
    fn fetch(&mut self) -> Result<&'static str, FetchError> {
        self.attempts += 1;
        match self.attempts > self.up_after {
            true => Ok("42 rows"),
            false => Err(FetchError::Refused),
        }
    }
}

async fn fetch(op: &Operation, up_after: u32) -> Result<&'static str, FetchError> {
    let run = op.try_run(async |cx| {
        let mut server = Server {
            attempts: 0,
            up_after,
        };
        // Each attempt checks first: token, deadline, signals, whatever the operation listens to.
        let attempt = cx.try_wrap(|| {
            let answer = server.fetch();
            println!("  attempt {}", server.attempts);
            std::future::ready(answer)
        });
        let is_final = |error: &FetchError| matches!(error, FetchError::Cancelled(_));
        retry(attempt, backoff(seconds(0.1), seconds(60.0)), is_final).await
    });
    run.await
}

fn say(op: &Operation, result: Result<&str, FetchError>) {
    match result {
        Ok(rows) => println!("  Result: {rows}"),
        Err(error) => println!("  Result: {error}"),
    }
    let duration = op.context().duration().unwrap_or_default();
    println!("  after {:.2}s", duration.as_secs_f64());
}

fn main() {
    println!("A server that comes up:");
    let op = Cancelable::with_timeout(seconds(30.0))
        .name("fetch")
        .build();
    let result = smol::block_on(fetch(&op, 3));
    say(&op, result);

    println!("A server that does not, for a second:");
    let op = Cancelable::with_timeout(seconds(1.0)).name("fetch").build();
    let result = smol::block_on(fetch(&op, u32::MAX));
    say(&op, result);

    println!("Stopped in a pause, which ends at once:");
    let stop = CancelToken::new();
    let button = stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(seconds(2.0));
        button.cancel_with("user pressed stop");
    });
    let op = Cancelable::with_token(&stop).name("fetch").build();
    let result = smol::block_on(fetch(&op, u32::MAX));
    say(&op, result);

    println!("Stopped before the first attempt:");
    let op = Cancelable::with_token(&stop).name("fetch").build();
    let result = smol::block_on(fetch(&op, 0));
    say(&op, result);
}
