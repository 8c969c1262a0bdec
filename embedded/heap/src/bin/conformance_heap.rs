//! The conformance cases that need a heap.
#![no_std]
#![no_main]

use embedded_alloc::LlffHeap;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    board::start();
    board::exit(true)
}
