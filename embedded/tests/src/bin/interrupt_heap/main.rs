//! Interrupts that cancel, make and drop shared tokens, followers, callbacks and futures on the heap, at
//! every instruction of what they interrupt.
#![no_std]
#![no_main]

extern crate alloc;

mod callbacks;
mod followers;
mod futures;
mod shared;
#[path = "../interrupt/sweep.rs"]
mod sweep;

use board::{Bump, Report};

/// (All of it is given back after each round.)
const SIZE: usize = 16 << 10;

#[global_allocator]
static HEAP: Bump<SIZE> = Bump::new();

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    board::start();
    let mut report = Report::new();
    shared::all(&mut report);
    followers::all(&mut report);
    callbacks::all(&mut report);
    futures::all(&mut report);
    report.finish()
}
