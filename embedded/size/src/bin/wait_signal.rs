//! A task waits for a signal of embassy-sync.
#![no_std]
#![no_main]

use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};

static STOP: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[exception]
fn SysTick() {
    STOP.signal(());
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    STOP.wait().await;
    firmware::end(true)
}
