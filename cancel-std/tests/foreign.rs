//! Foreign code in the wrong moment: what panics, and what comes between two steps.

#[path = "foreign/outcomes.rs"]
mod outcomes;
#[path = "foreign/panics.rs"]
mod panics;
#[path = "foreign/progress.rs"]
mod progress;
#[path = "foreign/wakes.rs"]
mod wakes;

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Panics, without a message of the panic hook.
fn quietly(text: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(text))
}

/// What `f` gives, if it comes to an end.
fn bounded<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(f()));
    let output = receive.recv_timeout(Duration::from_secs(20));
    output.expect("it panicked, or waits for ever")
}
