//! What is to run to its end although time is up: shields in the body, and a cleanup after it.
//!
//! Run it: `cargo run --example 03_shielded_operations` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Cx, Operation};

/// Three steps, each of which may be the last one.
async fn process_data(cx: &Cx) {
    for step in 1..=3 {
        println!("  Step {step}/3");
        cx.sleep(seconds(0.8)).await;
    }
}

/// Once begun, a transaction is not left half done.
async fn transfer(cx: &Cx) -> &'static str {
    println!("  Transaction: begin");
    cx.sleep(seconds(1.0)).await;
    // (Of the operation. What is in the shield is not cancelled.)
    let cancelled = cx.operation().is_cancelled();
    println!("  Transaction: commit (cancelled: {cancelled})");
    "committed"
}

async fn close(cx: Cx) {
    println!("  Cleanup: closing, {} before", cx.operation().status());
    cx.sleep(seconds(0.5)).await; // nobody can cancel this
    println!("  Cleanup: closed");
}

fn report(op: &Operation, result: Result<&str, Cancelled>) {
    match result {
        Ok(value) => println!("  Result: {value}"),
        Err(cancelled) => println!("  Result: {cancelled}"),
    }
    println!("  Final status: {}", op.status());
}

fn main() {
    println!("Timeout with cleanup:");
    let op = Cancelable::with_timeout(seconds(1.0))
        .name("with_cleanup")
        .finally(close)
        .build();
    let result = smol::block_on(op.run(async |cx| {
        process_data(cx).await;
        "all three steps"
    }));
    report(&op, result);

    println!("Shielded transaction:");
    let op = Cancelable::with_timeout(seconds(0.5))
        .name("transaction")
        .build();
    let result = smol::block_on(op.run(async |cx| {
        let done = cx.shield(transfer).await;
        println!("  After the shield: {done}");
        cx.sleep(seconds(1.0)).await; // here the cancelation gets through
        "this is never returned"
    }));
    report(&op, result);

    println!("A cleanup that hangs, bounded:");
    let op = Cancelable::with_timeout(seconds(0.5))
        .name("bounded")
        .finally_within(seconds(0.5), |_| std::future::pending())
        .build();
    let result = smol::block_on(op.run(async |cx| {
        cx.sleep(seconds(60.0)).await;
        "this is never returned"
    }));
    report(&op, result);
    println!("  Error: {}", op.context().error().unwrap_or("none"));

    println!("Grace period, used:");
    let op = Cancelable::with_timeout(seconds(0.5))
        .name("graceful")
        .grace(seconds(5.0))
        .build();
    let result = smol::block_on(op.run(async |cx| {
        println!("  Asked to stop: {}", cx.cancelled().await.reason());
        cx.sleep(seconds(0.2)).await; // sees to it that what there is makes sense
        "two thirds of it"
    }));
    report(&op, result);
}
