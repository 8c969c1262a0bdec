//! Interrupts that cancel, at every instruction of what they interrupt: nobody is lost.
#![no_std]
#![no_main]

mod below;
mod deadlines;
mod hooks;
mod nested;
mod same;
mod sweep;
mod tasks;
mod tree;
mod waits;

use board::Report;
use embassy_executor::Spawner;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    board::start();
    let mut report = Report::new();
    waits::all(&mut report);
    tree::all(&mut report);
    below::all(&mut report);
    hooks::all(&mut report);
    deadlines::all(&mut report);
    same::all(&mut report);
    nested::all(&mut report);
    tasks::all(&mut report, spawner).await;
    report.finish()
}
