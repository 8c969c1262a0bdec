//! The conformance cases that need a timer alone, in a task of embassy.
#![no_std]
#![no_main]

use board::Report;
use cancel_embassy::Embassy;
use embassy_executor::Spawner;

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    board::start();
    let mut report = Report::new();
    let note = |name, outcome| report.note(name, outcome);
    cancel_conformance::run::core(&Embassy, note).await;
    report.finish()
}
