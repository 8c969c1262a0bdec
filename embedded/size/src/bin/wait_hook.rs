//! A token with a callback in place.
#![no_std]
#![no_main]

use cancel_core::{OnCancel, Token};
use cortex_m_rt::exception;
use embassy_executor::{Spawner, main};

static STOP: Token = Token::new();
static STEP: OnCancel<'static> = OnCancel::new(&STOP, |_| firmware::step());

#[exception]
fn SysTick() {
    STOP.cancel();
}

#[main]
async fn main(_spawner: Spawner) {
    STEP.enter_static();
    firmware::start();
    STOP.cancelled().await;
    firmware::end(true)
}
