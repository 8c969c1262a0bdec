//! Asked in a loop: a signal of embassy-sync.
#![no_std]
#![no_main]

use cortex_m_rt::{entry, exception};
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};

static STOP: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[exception]
fn SysTick() {
    STOP.signal(());
}

#[entry]
fn main() -> ! {
    firmware::start();
    while !STOP.signaled() {
        firmware::step();
    }
    firmware::end(true)
}
