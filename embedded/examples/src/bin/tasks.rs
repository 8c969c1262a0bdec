//! Two tasks, a button, and nothing that is cut in half.
//!
//! ```sh
//! cargo run --release --bin tasks
//! ```
//!
//! A sensor measures, with a deadline for each measurement, and a radio sends, until somebody presses a
//! button, whose interrupt handler cancels a `static` token. The sensor stops where it is. The radio is
//! in the middle of a message then: a shield lets that go out, and a cleanup switches the radio off.
//! Each line begins with the time.
#![no_std]
#![no_main]

use board::{Line, println};
use cancel_embassy::{
    CancelFutureExt, Cancelled, Child, Embassy, Reason, Scope, Shields, StaticCause, TimeoutExt,
    Timer, Token,
};
use core::pin::pin;
use core::time::Duration;
use embassy_executor::Spawner;

/// Cancelled by the button: everything below it stops.
static STOP: Token = Token::new();
static PRESSED: StaticCause = StaticCause::new(Reason::Shutdown, "button pressed");
/// Cancelled by the tasks when they have ended, for want of join handles.
static ENDED: [Token; 2] = [const { Token::new() }; 2];

macro_rules! say {
    ($($text:tt)*) => {
        println!("{:3} ms  {}", Embassy.now().since_epoch().as_millis(), format_args!($($text)*))
    };
}

async fn pause(millis: u64) {
    // (Embassy's clock never fails.)
    _ = Embassy.sleep(Duration::from_millis(millis)).await;
}

/// Takes 20 ms; the second one hangs.
async fn read(number: u32) -> u32 {
    match number {
        2 => core::future::pending().await,
        _ => pause(20).await,
    }
    20 + number
}

#[embassy_executor::task]
async fn sensor(stop: &'static Token, ended: &'static Token) {
    // A token of its own below `stop`: whoever has `job` can stop the sensor alone.
    let job = pin!(Child::new(stop));
    let job = job.enter();
    let measure = async {
        for number in 1.. {
            let limit = Duration::from_millis(25);
            match read(number).timeout(&Embassy, limit).await {
                Ok(value) => say!("sensor   measurement {number}: {value}"),
                Err(cancelled) => say!("sensor   measurement {number}: {cancelled}"),
            }
        }
    };
    if let Err(cancelled) = measure.until_cancelled(job).await {
        say!("sensor   stops: {cancelled}");
        ended.cancel_with(cancelled);
    }
}

#[embassy_executor::task]
async fn radio(stop: &'static Token, ended: &'static Token) {
    let shields = Shields::new();
    let send = async {
        for number in 1.. {
            let message = async |_: &Token| {
                say!("radio    message {number} begins");
                pause(25).await;
                say!("radio    message {number} is out");
            };
            shields.shield(message).await;
            pause(10).await;
        }
    };
    let run = Scope::new(stop, send).shields(&shields).finally(async || {
        say!("radio    switching off");
        pause(5).await;
        say!("radio    is off");
    });
    if let Err(cancelled) = run.await {
        say!("radio    stops: {cancelled}");
        ended.cancel_with(cancelled);
    }
}

/// What an interrupt handler may do: `cancel` waits for nobody.
fn button() {
    say!("button   interrupt");
    STOP.cancel_with(&PRESSED);
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    board::start();
    Line::High.handle(&button);
    let [sensor_ended, radio_ended] = &ENDED;
    // (Each pool has room for one task.)
    spawner.spawn(sensor(&STOP, sensor_ended).unwrap());
    spawner.spawn(radio(&STOP, radio_ended).unwrap());

    pause(50).await;
    Line::High.pend(); // somebody presses the button

    let reasons: [Cancelled; 2] = [
        sensor_ended.cancelled().await,
        radio_ended.cancelled().await,
    ];
    let well = reasons
        .iter()
        .all(|cancelled| cancelled.message() == Some("button pressed"));
    say!("main     all have ended");
    board::exit(well)
}
