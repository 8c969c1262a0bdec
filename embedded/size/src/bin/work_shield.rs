//! The work in a scope, under a token and with a deadline, every other step shielded.
#![no_std]
#![no_main]

use cancel_embassy::{Reason, Scope, Shields, Token, deadline_after};
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_time::{Duration, Timer};
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

async fn work(steps: u32, shields: &Shields<'_>) {
    for _ in 0..steps {
        Timer::after_millis(10).await;
        shields.shield_future(firmware::work(1)).await;
    }
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    let deadline = deadline_after(Duration::from_millis(50));
    let shields = Shields::new();
    let run = Scope::new(&STOP, work(1000, &shields));
    match run.source(deadline).shields(&shields).await {
        Err(cancelled) if cancelled.reason() == Reason::Timeout => firmware::end(true),
        _ => firmware::end(false),
    }
}
