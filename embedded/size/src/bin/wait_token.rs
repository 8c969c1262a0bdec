//! A task waits for a token.
#![no_std]
#![no_main]

use cancel_core::Token;
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};

static STOP: Token = Token::new();

#[exception]
fn SysTick() {
    STOP.cancel();
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    STOP.cancelled().await;
    firmware::end(true)
}
