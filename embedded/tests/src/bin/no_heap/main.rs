//! What works without a heap. No allocator is linked here, and so `alloc` cannot be.
#![no_std]
#![no_main]

mod deadlines;
mod scopes;
mod tokens;

use board::Report;
use embassy_executor::Spawner;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    board::start();
    let mut report = Report::new();
    tokens::all(&mut report, spawner).await;
    deadlines::all(&mut report).await;
    scopes::all(&mut report).await;
    report.finish()
}
