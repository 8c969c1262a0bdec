//! A tree of work in one task: a watchdog stops a round, not the program.
//!
//! ```sh
//! cargo run --release --bin tree
//! ```
//!
//! Each round reads a sensor and sends what it read. It is a scope with a token below that of the
//! program and a deadline, so a sensor that hangs ends the round; the next one begins afresh. The
//! battery is a source: when it runs low, the program stops, after what has been promised is sent.
//! Tokens, scopes and waits live in the task's memory: nothing is allocated.
#![no_std]
#![no_main]

use board::println;
use cancel_embassy::{
    Cancelled, Child, Embassy, Reason, Scope, Shields, StaticCause, Timer, Token, deadline_after,
};
use core::pin::pin;
use core::time::Duration;
use embassy_executor::Spawner;

macro_rules! say {
    ($($text:tt)*) => {
        println!("{:3} ms  {}", Embassy.now().since_epoch().as_millis(), format_args!($($text)*))
    };
}

async fn pause(millis: u64) {
    _ = Embassy.sleep(Duration::from_millis(millis)).await;
}

/// Takes 10 ms, and for ever in the second round.
async fn read(round: u32) -> u32 {
    match round {
        2 => core::future::pending().await,
        _ => pause(10).await,
    }
    20 + round
}

async fn send(value: u32) {
    say!("  sending {value}");
    pause(15).await;
    say!("  sent {value}");
}

/// One round, with at most 40 ms for it. What is being sent is sent to its end.
async fn round(program: &Token, outer: &Shields<'_>, number: u32) -> Result<u32, Cancelled> {
    let token = pin!(Child::new(program));
    // What holds this scope, holds the program's as well.
    let shields = Shields::nested(outer);
    let body = async {
        let value = read(number).await;
        shields.shield_future(send(value)).await;
        value
    };
    Scope::new(token.enter(), body)
        .shields(&shields)
        .source(deadline_after(embassy_time::Duration::from_millis(40)))
        .await
}

async fn rounds(program: &Token, shields: &Shields<'_>) {
    for number in 1.. {
        say!("round {number}");
        match round(program, shields, number).await {
            Ok(value) => say!("round {number}: {value}"),
            Err(cancelled) => say!("round {number}: {cancelled}"),
        }
        pause(5).await;
    }
}

/// Low after 115 ms.
async fn battery() -> &'static StaticCause {
    static LOW: StaticCause = StaticCause::new(Reason::Condition, "battery low");
    pause(115).await;
    &LOW
}

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    board::start();
    let (program, shields) = (Token::new(), Shields::new());
    let run = Scope::new(&program, rounds(&program, &shields))
        .shields(&shields)
        .source(battery())
        .finally(async || say!("antenna off"));
    let cancelled = run.await.err();
    let message = cancelled.as_ref().and_then(Cancelled::message);
    say!("the program ends: {}", message.unwrap_or("by itself"));
    board::exit(message == Some("battery low"))
}
