//! The work in a scope, under a token and with a deadline.
#![no_std]
#![no_main]

use cancel_embassy::{DeadlineSource, Embassy, Reason, Scope, Timer as _, Token};
use core::time::Duration;
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};

static STOP: Token = Token::new();

#[exception]
fn SysTick() {
    firmware::clock::tick();
}

#[exception]
fn PendSV() {
    STOP.cancel();
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    let deadline = DeadlineSource::new(Embassy.sleep(Duration::from_millis(50)));
    match Scope::new(&STOP, firmware::work(1000)).source(deadline).await {
        Err(cancelled) if cancelled.reason() == Reason::Timeout => firmware::end(true),
        _ => firmware::end(false),
    }
}
