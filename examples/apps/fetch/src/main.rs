//! Fetches a page over HTTP, with a timeout for each call, retries with pauses that grow, and Ctrl-C.
//!
//! What it shows:
//!
//! * A timeout cuts a call off wherever it hangs: in connect, before the headers, in the middle of the
//!   body. The connection is closed at that moment, and the error says what it was waiting for.
//! * A call has its own time inside that of the whole: it is a child operation.
//! * A pause between two calls ends at once when the whole is cancelled, here by a token and by Ctrl-C.
//!
//! Run it: `cargo run -p cancel-app-fetch`. It starts a server that stalls, and tries all that on it
//! (with `-- --fast`: in a quarter of the time). Or give it a page:
//!
//! ```text
//! cargo run -p cancel-app-fetch -- http://localhost:8000/ --timeout 5 --attempts 3
//! ```
//!
//! The page goes to the standard output, all else to the standard error. The exit code is 0 for a page, 1
//! if there is none, 2 for bad arguments, 130 after Ctrl-C.
#![forbid(unsafe_code)]

mod demo;

use cancel_smol::{Cancelable, Reason, Signal};
use fetch::client::{FetchError, parse};
use fetch::retry::Retry;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: fetch [--fast]\n       fetch URL [--timeout SECONDS] [--attempts N]";

struct Arguments {
    url: Option<String>,
    timeout: Duration,
    attempts: u32,
    fast: bool,
}

fn arguments() -> Result<Arguments, String> {
    let mut read = Arguments {
        url: None,
        timeout: Duration::from_secs(30),
        attempts: 3,
        fast: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut number = || {
            let text = given.next().unwrap_or_default();
            let positive = text.parse().ok().filter(|number: &f64| *number > 0.0);
            positive.ok_or_else(|| format!("{argument} needs a number above 0, not `{text}`"))
        };
        match argument.as_str() {
            "--timeout" => {
                // Too long to be told from no limit: no limit.
                let timeout = Duration::try_from_secs_f64(number()?);
                read.timeout = timeout.unwrap_or(Duration::MAX);
            }
            "--attempts" => read.attempts = number()? as u32, // saturates
            "--fast" => read.fast = true,
            _ if argument.starts_with('-') => return Err(format!("unknown option {argument}")),
            _ if read.url.is_some() => return Err(format!("one URL, please, not also {argument}")),
            _ => read.url = Some(argument),
        }
    }
    Ok(read)
}

/// Fetches one page, until Ctrl-C.
async fn fetch(url: &str, arguments: &Arguments) -> Result<ExitCode, FetchError> {
    let url = parse(url)?;
    let retry = Retry {
        attempts: arguments.attempts,
        timeout: arguments.timeout,
        pause: Duration::from_secs(1),
        longest: Duration::from_secs(60),
    };
    let op = match Cancelable::with_signal(Signal::SIGINT) {
        Ok(op) => op.name("fetch"),
        Err(error) => {
            eprintln!("Ctrl-C cannot be heard: {error}");
            Cancelable::new()
        }
    };
    let op = op.on_progress(|progress| {
        // (The steps of a call are reported, too, by the call.)
        if progress.message().starts_with("attempt") {
            eprintln!("{}", progress.message());
        }
    });
    let page = op.try_run(async |cx| retry.get(cx, &url).await).await?;
    let mut stdout = std::io::stdout();
    let written = stdout.write_all(&page.body).and_then(|()| stdout.flush());
    match written {
        // A reader that has seen enough is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("fetch: cannot write the page: {error}");
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let result = smol::block_on(async {
        match &arguments.url {
            Some(url) => fetch(url, &arguments).await,
            None => demo::demo(arguments.fast).await,
        }
    });
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        match error {
            FetchError::Cancelled(why, _) if matches!(why.reason(), Reason::Signal(_)) => {
                ExitCode::from(130)
            }
            _ => ExitCode::FAILURE,
        }
    })
}
