//! Two futures wait for one token.
#![no_std]
#![no_main]

use cancel_core::Token;
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};
use embassy_futures::join::join;

static STOP: Token = Token::new();

#[exception]
fn SysTick() {
    STOP.cancel();
}

#[main]
async fn main(_spawner: Spawner) {
    firmware::start();
    join(STOP.cancelled(), STOP.cancelled()).await;
    firmware::end(true)
}
