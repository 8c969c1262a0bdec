//! A program that shuts down gracefully on Ctrl-C or `kill`; a second Ctrl-C does not disturb it.
//!
//! Run it: `cargo run --example 08_signal_handling` and press Ctrl-C (with `-- --fast`: a tenth of the
//! time; with `-- --impatient`: the second Ctrl-C ends it at once)
//!
//! On Windows there is only Ctrl-C.

use cancel_examples::seconds;
use cancel_smol::{BuildError, Cancelable, Cx, Signal, Signals};

async fn run_server(cx: &Cx) {
    for request in 1.. {
        cx.sleep(seconds(0.5)).await;
        cx.report_progress(format!("Request {request} served"));
    }
}

async fn save_state(cx: Cx) {
    println!("Shutting down gracefully...");
    cx.sleep(seconds(1.0)).await;
    println!("  State saved");
    cx.sleep(seconds(1.0)).await;
    println!("  Connections closed");
    println!("Shutdown complete");
}

fn main() -> Result<(), BuildError> {
    let signals: &[Signal] = match cfg!(unix) {
        true => &[Signal::SIGINT, Signal::SIGTERM],
        false => &[Signal::SIGINT],
    };
    let mut signals = Signals::new(signals.iter().copied())?;
    if std::env::args().any(|argument| argument == "--impatient") {
        signals = signals.exit_on_second();
    }

    let op = Cancelable::new()
        .source(signals)
        .name("application")
        .on_progress(|progress| println!("  {}", progress.message()))
        .finally(save_state)
        .build(); // always, and never cut short

    println!("Application running... (Ctrl+C to stop)");
    let result = smol::block_on(op.run(async |cx| run_server(cx).await));

    if let Err(cancelled) = result {
        println!("Cancel reason: {}", cancelled.reason());
        println!("Message: {}", cancelled.message().unwrap_or("no message"));
        println!("Final status: {}", op.context().status());
    }
    // From here on, Ctrl-C does again what it did before.
    Ok(())
}
