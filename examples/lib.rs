//! What the examples share: how long a second is.

use std::time::Duration;

/// So many seconds. With the argument `--fast` everything takes a tenth of the time.
pub fn seconds(seconds: f64) -> Duration {
    let fast = std::env::args().any(|argument| argument == "--fast");
    Duration::from_secs_f64(if fast { seconds / 10.0 } else { seconds })
}

/// The README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
