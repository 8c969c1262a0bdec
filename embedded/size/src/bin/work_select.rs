//! The work beside a signal of embassy-sync, with a time limit of embassy-time.
#![no_std]
#![no_main]

use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_futures::select::select;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};
use embassy_time::{Duration, with_timeout};
use embassy_time_driver::time_driver_impl;
use firmware::Clock;

time_driver_impl!(static CLOCK: Clock = Clock::new());

static STOP: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[exception]
fn SysTick() {
    CLOCK.tick();
}

#[exception]
fn PendSV() {
    STOP.signal(());
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    let stopped = select(firmware::work(1000), STOP.wait());
    match with_timeout(Duration::from_millis(50), stopped).await {
        Err(_) => firmware::end(true),
        Ok(_) => firmware::end(false),
    }
}
