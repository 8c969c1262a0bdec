//! A task waits for a child of a token.
#![no_std]
#![no_main]

use cancel_core::{Child, Token};
use core::pin::pin;
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
    let child = pin!(Child::new(&STOP));
    child.enter().cancelled().await;
    firmware::end(true)
}
