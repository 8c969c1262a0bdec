//! What the Python original gets wrong, line by line of its list of defects: `d01` is line 1, and so on.

#[path = "defects/leaks.rs"]
mod leaks;
#[path = "defects/no_cancel.rs"]
mod no_cancel;
#[path = "defects/report.rs"]
mod report;
#[cfg(unix)]
#[path = "defects/signals.rs"]
mod signals;
#[path = "defects/too_much.rs"]
mod too_much;

use cancel_std::testing::Recorder;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Far longer than any test takes.
const LONG: Duration = secs(3600);

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What has been noted, as one line.
fn noted(notes: &Recorder) -> String {
    let notes: Vec<String> = notes.take().iter().map(ToString::to_string).collect();
    notes.join(" ")
}
