//! Asked in a loop: a flag. What the others of its kind stand beside.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, Ordering};
use cortex_m_rt::{entry, exception};

static STOP: AtomicBool = AtomicBool::new(false);

#[exception]
fn SysTick() {
    STOP.store(true, Ordering::Release);
}

#[entry]
fn main() -> ! {
    firmware::start();
    while !STOP.load(Ordering::Acquire) {
        firmware::step();
    }
    firmware::end(true)
}
