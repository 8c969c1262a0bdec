//! The work in a scope, under a token and with a deadline.
#![no_std]
#![no_main]

use cancel_embassy::{Reason, Scope, Token, deadline_after};
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_time::Duration;
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
    let deadline = deadline_after(Duration::from_millis(50));
    match Scope::new(&STOP, firmware::work(1000))
        .source(deadline)
        .await
    {
        Err(cancelled) if cancelled.reason() == Reason::Timeout => firmware::end(true),
        _ => firmware::end(false),
    }
}
