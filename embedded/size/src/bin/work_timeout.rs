//! The work until a token is cancelled, with a time limit.
#![no_std]
#![no_main]

use cancel_embassy::{CancelFutureExt, Embassy, TimeoutExt, Token};
use core::time::Duration;
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_time_driver::time_driver_impl;
use firmware::Clock;

time_driver_impl!(static CLOCK: Clock = Clock::new());

static STOP: Token = Token::new();

#[exception]
fn SysTick() {
    CLOCK.tick();
}

#[exception]
fn PendSV() {
    STOP.cancel();
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    let work = firmware::work(1000).until_cancelled(&STOP);
    match work.timeout(&Embassy, Duration::from_millis(50)).await {
        Err(_) => firmware::end(true),
        Ok(_) => firmware::end(false),
    }
}
