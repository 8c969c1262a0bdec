//! Asked in a loop: a token.
#![no_std]
#![no_main]

use cancel_core::Token;
use cortex_m_rt::{entry, exception};

static STOP: Token = Token::new();

#[exception]
fn SysTick() {
    STOP.cancel();
}

#[entry]
fn main() -> ! {
    firmware::start();
    while !STOP.is_cancelled() {
        firmware::step();
    }
    firmware::end(true)
}
