//! Results of tests, printed like those of Rust's own harness.

use core::fmt::Display;
use core::task::Poll;
use semihosting::{print, println};

/// Counts results and prints a line for each: `test NAME ... ok`, `test NAME ... FAILED: WHY`, or
/// `test NAME ... ignored: WHY`.
#[derive(Debug, Default)]
pub struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Nothing so far.
    pub const fn new() -> Self {
        Report {
            passed: 0,
            failed: 0,
        }
    }

    /// Notes the result of a test.
    pub fn note<E: Display>(&mut self, name: &str, outcome: Result<(), E>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("test {name} ... ok");
            }
            Err(why) => {
                self.failed += 1;
                println!("test {name} ... FAILED: {why}");
            }
        }
    }

    /// Says that a test does not count here.
    pub fn ignore(&mut self, name: &str, why: &str) {
        println!("test {name} ... ignored: {why}");
    }

    /// Runs a test that panics, and so ends the machine, if something is not as it should be.
    pub fn run(&mut self, name: &str, test: impl FnOnce()) {
        print!("test {name} ... ");
        test();
        self.passed += 1;
        println!("ok");
    }

    /// The same for a future.
    pub async fn run_async(&mut self, name: &str, test: impl Future<Output = ()>) {
        print!("test {name} ... ");
        test.await;
        self.passed += 1;
        println!("ok");
    }

    /// Prints the sum and ends the program: well if something passed and nothing failed.
    pub fn finish(self) -> ! {
        println!("{} passed, {} failed", self.passed, self.failed);
        crate::exit(self.passed > 0 && self.failed == 0)
    }
}

/// Polls a future once with a waker that does nothing.
pub fn poll_once<F: Future>(future: core::pin::Pin<&mut F>) -> Poll<F::Output> {
    let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
    future.poll(&mut cx)
}
