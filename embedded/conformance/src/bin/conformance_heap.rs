//! The conformance cases that need a heap, in a task of embassy.
#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use board::Report;
use cancel_embassy::Embassy;
use embassy_executor::Spawner;
use embedded_alloc::LlffHeap;

/// How much of the machine's memory it gets.
const SIZE: usize = match cfg!(target_arch = "arm") {
    true => 32 << 10,
    false => 1 << 20,
};

/// A case that embassy's timers cannot pass: they have no way to take an entry out. A waker of
/// embassy's own keeps nothing alive.
const KEPT: &str = "timer_wakes::a_dropped_sleep_lets_go_of_its_waker";

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    static mut MEMORY: [MaybeUninit<u8>; SIZE] = [MaybeUninit::uninit(); SIZE];
    // SAFETY: once, at the beginning, before anything is allocated; nobody else uses the memory.
    unsafe { HEAP.init(&raw mut MEMORY as usize, SIZE) };
    board::start();
    let mut report = Report::new();
    let note = |name, outcome: Result<(), _>| match KEPT == name && outcome.is_err() {
        true => report.ignore(name, "embassy keeps a waker until its time has come"),
        false => report.note(name, outcome),
    };
    cancel_conformance::run::heap(&Embassy, note).await;
    report.finish()
}
