//! Timeout, token and Ctrl-C in one: combined step by step, cancelled by whichever comes first.
//!
//! Run it: `cargo run --example 01_combined_cancelation` (with `-- --fast`: a tenth of the time), and
//! press Ctrl-C if you like.

use cancel_examples::seconds;
use cancel_smol::{BuildError, CancelToken, Cancelable, Signal};

fn main() -> Result<(), BuildError> {
    let token = CancelToken::new();
    println!("Created manual token: {}", token.id());

    let by_timeout = Cancelable::with_timeout(seconds(10.0));
    let by_token = Cancelable::with_token(&token);
    let by_signal = Cancelable::with_signal(Signal::SIGINT)?;

    println!("=== COMBINING STEP 1: timeout + token ===");
    let first = by_timeout.combine(by_token);
    println!("First combine result: {first:?}");

    println!("=== COMBINING STEP 2: (timeout+token) + signal ===");
    let op = first.combine(by_signal).on_cancel(|context| {
        println!(
            "  Cancelled: {} - {}",
            context.reason().expect("it is cancelled"),
            context.message().unwrap_or("no message"),
        );
    });
    let op = op.build();
    let own = op.token().id();
    println!("Final combine result: {} with token {own}", op.id());

    println!("  Press Ctrl+C to cancel, or wait for timeout/manual cancel...");
    let result = smol::block_on(op.run(async |cx| {
        for step in 1..=20 {
            cx.sleep(seconds(0.5)).await;
            println!("  Working... {step}/20");
            if step == 6 {
                println!("  Triggering manual cancelation...");
                println!("About to cancel token: {}", token.id());
                token.cancel_with("Demonstration cancel");
                println!("Token cancel call completed");
            }
        }
    }));

    if result.is_err() {
        let context = op.context();
        println!("  Operation was cancelled");
        println!("  Reason: {}", context.reason().expect("it is cancelled"));
        println!("  Message: {}", context.message().unwrap_or("no message"));
    }
    Ok(())
}
