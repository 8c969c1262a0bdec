//! The work beside a signal of embassy-sync, with a time limit of embassy-time.
#![no_std]
#![no_main]

use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_futures::select::select;
use embassy_sync::{blocking_mutex::raw::CriticalSectionRawMutex, signal::Signal};
use embassy_time::{Duration, with_timeout};

static STOP: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[exception]
fn SysTick() {
    firmware::clock::tick();
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
