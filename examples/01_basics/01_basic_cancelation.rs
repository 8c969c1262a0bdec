//! First contact: a token, its children, and three ways to listen to them.
//!
//! Run it: `cargo run --example 01_basic_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelFutureExt, CancelToken, Cancelled, Token};
use std::thread;

/// Synchronous code asks now and then.
fn count(stop: &Token) -> Result<(), Cancelled> {
    for number in 1.. {
        stop.check()?;
        if number % 5 == 0 {
            println!("  counter: {number}");
        }
        stop.wait_timeout(seconds(0.1)); // a sleep that ends early
    }
    Ok(())
}

/// A future is dropped where it waits.
async fn download(stop: &Token) -> Result<&'static str, Cancelled> {
    let slow = async {
        smol::Timer::after(seconds(60.0)).await;
        "all the data"
    };
    slow.until_cancelled(stop).await
}

fn main() {
    // Cancelling the application cancels the request, cancelling the request cancels its parts.
    // Nothing goes upwards.
    let application = CancelToken::new();
    let request = application.child();
    let (counter, downloader) = (request.child(), request.child());

    let _registration = request.on_cancel(|why| println!("  callback: {why}"));
    let counting = thread::spawn(move || count(&counter));

    let button = request.clone();
    let cancelling = thread::spawn(move || {
        thread::sleep(seconds(1.2));
        println!("Cancelling the request...");
        button.cancel_with("client went away");
    });

    println!("Downloading and counting:");
    let download = smol::block_on(download(&downloader));
    let counting = counting.join().expect("counting does not panic");
    cancelling.join().expect("nor does cancelling"); // with its callbacks

    println!("Download: {}", download.unwrap_err());
    println!("Counter:  {}", counting.unwrap_err());
    println!("Request cancelled: {}", request.is_cancelled());
    println!("Application cancelled: {}", application.is_cancelled());
}
