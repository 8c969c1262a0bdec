//! A plain thread cancels async work, and another one waits for that without an executor.
//!
//! Run it: `cargo run --example 05_thread_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable};
use std::thread;

fn main() {
    let token = CancelToken::new();

    // Any thread may cancel, at any time. The sleeping task is woken at once.
    let canceller = thread::spawn({
        let token = token.clone();
        move || {
            thread::sleep(seconds(5.0));
            println!("Cancelling from a thread...");
            token.cancel_with("Cancelled from thread")
        }
    });

    // Any thread may wait.
    let watcher = thread::spawn({
        let token = token.clone();
        move || {
            while token.wait_timeout(seconds(1.1)).is_none() {
                println!("  Watcher: still working");
            }
        }
    });

    let op = Cancelable::with_token(&token)
        .name("async_worker")
        .on_progress(|progress| println!("  Progress: {progress}"))
        .build();

    println!("Async work, until a thread cancels it:");
    let result = smol::block_on(op.run(async |cx| {
        for step in 1..=20 {
            cx.progress(step, 20);
            cx.sleep(seconds(1.4)).await;
        }
    }));

    assert!(canceller.join().expect("the canceller does not panic"));
    watcher.join().expect("the watcher does not panic");

    if let Err(cancelled) = result {
        let context = op.context();
        let duration = context.duration().unwrap_or_default();
        println!("  Operation cancelled after {:.2}s", duration.as_secs_f64());
        println!("  Final status: {}", context.status());
        println!("  Cancel reason: {}", cancelled.reason());
        println!("  Message: {}", cancelled.message().unwrap_or("no message"));
    }
}
