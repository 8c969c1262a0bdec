//! One line.
#![no_std]
#![no_main]

use embassy_time::Timer;

#[embassy_executor::main]
async fn main(_spawner: embassy_executor::Spawner) {
    board::start();
    Timer::after_millis(5).await;
    board::println!(
        "{} {}",
        board::NAME,
        embassy_time::Instant::now().as_millis()
    );
    board::exit(true)
}
