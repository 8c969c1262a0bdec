//! Timeouts in other shapes: around any future, around a helper of one's own, nested, moved.
//!
//! Run it: `cargo run --example 04_timeout_helper` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Smol, TimeoutExt, Timer};
use std::time::Duration;

async fn query(takes: Duration) -> &'static str {
    let _ = Smol.sleep(takes).await;
    "42 rows"
}

/// A helper as one writes it for a project: it names the operation, and gives a default instead of
/// an error.
async fn with_timeout_or<T>(
    limit: Duration,
    name: &'static str,
    default: T,
    work: impl Future<Output = T>,
) -> T {
    let op = Cancelable::with_timeout(limit).name(name);
    match op.run(async |_| work.await).await {
        Ok(value) => value,
        Err(cancelled) => {
            println!("  {name}: {cancelled}");
            default
        }
    }
}

fn say(what: &str, result: Result<&str, Cancelled>) {
    match result {
        Ok(value) => println!("  {what}: {value}"),
        Err(cancelled) => println!("  {what}: {cancelled}"),
    }
}

fn main() {
    smol::block_on(async {
        println!("Around any future:");
        let fast = query(seconds(0.2)).timeout(&Smol, seconds(1.0)).await;
        say("fast query", fast);
        let slow = query(seconds(3.0)).timeout(&Smol, seconds(1.0)).await;
        say("slow query", slow);

        println!("With a default:");
        let rows = with_timeout_or(seconds(1.0), "lookup", "no rows", query(seconds(3.0))).await;
        println!("  lookup gave: {rows}");

        println!("Nested, the earliest counts:");
        let outer = Cancelable::with_timeout(seconds(1.0)).name("outer").build();
        let result = outer.run(async |cx| {
            let inner = cx.child().timeout(seconds(60.0)).name("inner").build();
            let left = inner.remaining().unwrap_or(Duration::MAX);
            println!("  inner has at most 1 s: {}", left <= seconds(1.0));
            let result = inner.run(async |cx| {
                cx.sleep(seconds(3.0)).await;
                "this is never returned"
            });
            result.await.unwrap_or("inner gave up")
        });
        say("outer", result.await);

        println!("Moved while it runs:");
        let op = Cancelable::with_timeout(seconds(0.5)).name("patient");
        let result = op.run(async |cx| {
            cx.operation().set_timeout(seconds(5.0)); // the server asked for more time
            query(seconds(1.0)).await
        });
        say("patient", result.await);
    });
}
