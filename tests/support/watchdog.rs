//! Tests that hang must fail.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

// (Generous: eight thousand pairs of threads take minutes on a machine with ten times more work than cores.)
const BOUND: Duration = Duration::from_secs(600);

/// Runs `test` on a thread; aborts the process if it takes over ten minutes.
pub fn watched(name: &str, test: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel::<()>();
    let thread = thread::spawn(move || {
        let _done = done; // dropped at the end, and by a panic
        test();
    });
    if ended.recv_timeout(BOUND) == Err(RecvTimeoutError::Timeout) {
        eprintln!("{name}: hangs (over {BOUND:?})");
        std::process::abort();
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Waits until `condition` holds; panics after ten minutes.
pub fn within(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < BOUND, "{what}: not within {BOUND:?}");
        thread::yield_now();
    }
}

/// Runs both at the same time, `a` on a thread of its own: neither starts before the other could.
pub fn together<A: Send, B>(a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B) -> (A, B) {
    let ready = AtomicUsize::new(0);
    let gate = || {
        ready.fetch_add(1, SeqCst);
        let mut spins = 0;
        while ready.load(SeqCst) < 2 {
            spins += 1;
            match spins < 1000 {
                true => std::hint::spin_loop(),
                false => thread::yield_now(),
            }
        }
    };
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            gate();
            a()
        });
        gate();
        let b = b();
        match thread.join() {
            Ok(a) => (a, b),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
