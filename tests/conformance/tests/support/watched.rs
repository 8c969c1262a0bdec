//! A case that does not end is a failure, too.

use cancel_conformance::Outcome;
use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Far more than any case takes.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a case on a thread of its own, and panics if it fails or does not end.
pub(crate) fn watched(case: impl FnOnce() -> Outcome + Send + 'static) {
    let (send, receive) = channel();
    let thread = std::thread::spawn(move || {
        // (Nobody hears it if it comes too late.)
        let _ = send.send(case());
    });
    match receive.recv_timeout(LIMIT) {
        Ok(outcome) => outcome.unwrap_or_else(|failure| panic!("{failure}")),
        Err(RecvTimeoutError::Timeout) => panic!("did not end within {LIMIT:?}"),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => resume_unwind(panic),
            Ok(()) => panic!("ended without an outcome"),
        },
    }
}
