//! Threads and async work cancel each other: from a thread, in a thread, and on a thread of one's own.
//!
//! Run it: `cargo run --example 05_cancel_from_thread` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable, Cancelled, Cx};
use std::thread;

/// Adds up numbers for ever, as synchronous code does: it asks between two steps.
fn add_up(cx: &Cx) -> Result<u64, Cancelled> {
    let mut sum = 0u64;
    for number in 1.. {
        cx.check()?;
        sum = sum.wrapping_add(number);
        if number % 2 == 0 {
            cx.report_progress(format!("{number} numbers"));
        }
        cx.sleep_blocking(seconds(0.1))?; // wakes early
    }
    Ok(sum)
}

/// A plain thread cancels a task that sleeps, and others wait for that without an executor.
fn from_a_thread() {
    println!("Cancelled from a thread:");
    let token = CancelToken::new();
    let watchers: Vec<_> = (0..4)
        .map(|_| {
            let token = token.clone();
            thread::spawn(move || token.wait().message().map(String::from))
        })
        .collect();
    let canceller = token.clone();
    let thread = thread::spawn(move || {
        thread::sleep(seconds(1.0));
        canceller.cancel_with("Cancelled from thread")
    });
    let task = smol::spawn(Cancelable::with_token(&token).run(async |cx| {
        cx.sleep(seconds(3600.0)).await;
    }));
    println!("  Task: {}", smol::block_on(task).unwrap_err());
    let told = watchers
        .into_iter()
        .filter_map(|thread| thread.join().ok()?);
    println!("  Threads told: {}", told.count());
    println!(
        "  Cancel won: {}",
        thread.join().expect("it does not panic")
    );
}

/// The async body hands blocking work to a thread, which carries its operation along.
fn in_a_thread() {
    println!("Blocking work in a thread:");
    let op = Cancelable::with_timeout(seconds(1.0))
        .on_progress(|progress| println!("  Progress: {progress}"));
    let result = smol::block_on(op.run(async |cx| {
        // Without the shield the body would be gone at the timeout. With it, it waits for the thread.
        cx.shield_future(cx.run_in_thread(add_up)).await
    }));
    match result {
        Ok(Ok(Err(cancelled))) => println!("  Thread: {cancelled}"),
        other => println!("  Unexpected: {other:?}"),
    }
}

/// No async code at all: the closure runs here, with the timeout alive meanwhile.
fn on_this_thread() {
    println!("Blocking work on this thread:");
    let op = Cancelable::with_timeout(seconds(1.0))
        .name("sum")
        .on_cancel(|context| println!("  Callback: {} is over", context.name().unwrap_or("?")))
        .build();
    let result = op.try_run_blocking(add_up);
    println!("  Result: {}", result.unwrap_err());
    println!("  Final status: {}", op.status());
}

fn main() {
    from_a_thread();
    in_a_thread();
    on_this_thread();
}
