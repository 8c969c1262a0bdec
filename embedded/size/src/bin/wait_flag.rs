//! A task waits for a flag by asking for it again and again. What the others of its kind stand beside.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, Ordering};
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_futures::yield_now;

static STOP: AtomicBool = AtomicBool::new(false);

#[exception]
fn SysTick() {
    STOP.store(true, Ordering::Release);
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    while !STOP.load(Ordering::Acquire) {
        yield_now().await;
    }
    firmware::end(true)
}
