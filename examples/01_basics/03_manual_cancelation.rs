//! A background task that is told to stop, by a token.
//!
//! Run it: `cargo run --example 03_manual_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable};

async fn background_task(token: CancelToken) {
    let op = Cancelable::with_token(&token)
        .name("background_task")
        .on_progress(|progress| println!("  Progress: {}", progress.message()))
        .build();

    let result = op.run(async |cx| {
        for step in 1..=10 {
            cx.report_progress(format!("Step {step}/10"));
            cx.sleep(seconds(0.5)).await;
        }
    });

    if result.await.is_err() {
        let context = op.context();
        let duration = context.duration().unwrap_or_default();
        println!(
            "  Background task was cancelled after {:.2}s!",
            duration.as_secs_f64()
        );
        println!("  Final status: {}", context.status());
        println!("  Cancel reason: {}", context.reason().unwrap_or_default());
        println!("  Message: {}", context.message().unwrap_or("no message"));
    }
}

fn main() {
    let token = CancelToken::new();

    smol::block_on(async {
        println!("Starting the background task...");
        let task = smol::spawn(background_task(token.clone()));

        smol::Timer::after(seconds(2.2)).await;
        println!("Cancelling task...");
        token.cancel_with("User requested cancelation");

        task.await;
    });
}
