//! An operation that takes longer than it may.
//!
//! Run it: `cargo run --example 02_timeout_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::Cancelable;

fn main() {
    let op = Cancelable::with_timeout(seconds(2.0))
        .name("timeout_example")
        .on_progress(|progress| println!("  Progress: {}", progress.message()))
        .build();

    println!("A task of 5 seconds that has 2:");
    let result = smol::block_on(op.run(async |cx| {
        cx.report_progress("Starting operation");
        cx.sleep(seconds(5.0)).await; // this will time out
        cx.report_progress("This won't be reached");
    }));

    if let Err(cancelled) = result {
        let context = op.context();
        let duration = context.duration().unwrap_or_default();
        println!("  Operation timed out after {:.2}s", duration.as_secs_f64());
        println!("  Final status: {}", context.status());
        println!("  Cancel reason: {}", cancelled.reason());
    }
}
