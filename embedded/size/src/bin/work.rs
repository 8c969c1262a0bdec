//! Work in steps, with sleeps between them. What the others of its kind stand beside.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, Ordering};
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_time_driver::time_driver_impl;
use firmware::Clock;

time_driver_impl!(static CLOCK: Clock = Clock::new());

static STOP: AtomicBool = AtomicBool::new(false);

#[exception]
fn SysTick() {
    CLOCK.tick();
}

#[exception]
fn PendSV() {
    STOP.store(true, Ordering::Release);
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    firmware::work(5).await;
    firmware::end(!STOP.load(Ordering::Acquire))
}
