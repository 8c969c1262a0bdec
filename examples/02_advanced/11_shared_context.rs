//! One operation is shared by several parts on several threads: each finds it without being given it,
//! and anybody can read how far it is while it runs, and after.
//!
//! Run it: `cargo run --example 11_shared_context` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Cx, Operation, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const PAGES: u64 = 400;

/// Deep inside: takes the operation from its surroundings, if there is one.
fn log(what: &str) {
    match Operation::current() {
        Some(op) => {
            let context = op.context();
            let user = context
                .metadata()
                .get("user")
                .unwrap_or("nobody")
                .to_string();
            println!("  [{} for {user}] {what}", context.name().unwrap_or("?"));
        }
        None => println!("  [no operation] {what}"),
    }
}

/// Blocking, on a thread of the pool.
fn parse(cx: &Cx, done: &AtomicU64) -> Result<(), Cancelled> {
    log("parsing in a thread");
    while done.load(Ordering::Relaxed) < PAGES {
        cx.sleep_blocking(seconds(0.1))?;
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        cx.progress(done, PAGES);
        cx.set_partial_result(format!("{done} pages"));
    }
    Ok(())
}

fn main() {
    let op = Cancelable::with_timeout(seconds(2.0))
        .name("import")
        .metadata("user", "ada")
        .build();

    // Whoever has the handle can look at it: here a thread that draws a status line.
    let watched = op.clone();
    let monitor = thread::spawn(move || {
        let mut seen_running = false;
        while !watched.status().is_final() {
            let context = watched.context();
            seen_running |= context.status() == Status::Running
                && context.progress().is_some()
                && context.partial_result::<String>().is_some();
            thread::sleep(seconds(0.05));
        }
        seen_running
    });

    log("before");
    let done = Arc::new(AtomicU64::new(0));
    let result = smol::block_on(op.try_run(async |cx| -> Result<(), Cancelled> {
        log("started");
        let (one, two) = (done.clone(), done.clone());
        // Two threads, one operation.
        let parts = smol::future::zip(
            cx.run_in_thread(move |cx| parse(cx, &one)),
            cx.run_in_thread(move |cx| parse(cx, &two)),
        );
        let (first, second) = parts.await;
        first?.and(second?)
    }));

    println!("Result: {}", result.unwrap_err());
    let seen = monitor.join().expect("the monitor does not panic");
    println!("Progress and partial result seen while it ran: {seen}");
    let context = op.context();
    let fraction = context.progress().and_then(|progress| progress.fraction());
    println!(
        "Some of it is done: {}",
        fraction.is_some_and(|done| done > 0.0 && done < 1.0)
    );
    let partial = context.partial_result::<String>();
    println!("Partial result: {}", partial.map_or("none", |pages| pages));
    println!(
        "Status: {}, reason: {}",
        context.status(),
        context.reason().expect("cancelled")
    );
}
