//! A pool of plain threads with a queue: stopped at once on timeout, with what it has done so far.
//!
//! Run it: `cargo run --example 02_worker_pool` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Cx};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// One piece of work, in ten steps.
fn work(cx: &Cx) -> Result<(), Cancelled> {
    for step in 1..=10 {
        cx.progress(step, 10);
        cx.sleep_blocking(seconds(0.02))?; // wakes at once if it is cancelled
    }
    Ok(())
}

/// Takes pieces until there are none, or until the pool is stopped. Its operation is a child of the
/// pool's, so the pool's timeout is its own.
fn worker(cx: &Cx, queue: &Mutex<Vec<u32>>, done: &AtomicU64) -> Result<(), Cancelled> {
    loop {
        let next = queue.lock().expect("nobody panics").pop();
        let Some(piece) = next else { return Ok(()) };
        let op = cx.child().name(format!("piece {piece}"));
        op.try_run_blocking(work)?;
        done.fetch_add(1, Relaxed);
    }
}

fn pool(pieces: u32, timeout: f64) {
    println!("{pieces} pieces:");
    let queue = Mutex::new((1..=pieces).rev().collect());
    let done = AtomicU64::new(0);
    let op = Cancelable::with_timeout(seconds(timeout))
        .name("pool")
        .build();
    let result = op.try_run_blocking(|cx| -> Result<(), Cancelled> {
        // Nothing outlives the scope, so the threads may borrow all they want.
        let results = thread::scope(|scope| {
            let threads: Vec<_> = (1..=3)
                .map(|number| {
                    let child = cx.child().name(format!("worker {number}"));
                    let (queue, done) = (&queue, &done);
                    scope.spawn(move || child.try_run_blocking(|cx| worker(cx, queue, done)))
                })
                .collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join();
            let results: Vec<_> = threads.into_iter().map(join).collect();
            results
        });
        for result in results {
            match result {
                Ok(Ok(())) => println!("  A worker is done"),
                Ok(Err(cancelled)) => println!("  A worker was stopped: {cancelled}"),
                Err(_) => println!("  A worker has panicked"),
            }
        }
        cx.check()
    });
    match result {
        Ok(()) => println!("  All of it is done"),
        Err(cancelled) => println!("  Stopped: {cancelled}"),
    }
    let done = done.into_inner();
    println!(
        "  Done: {}",
        match done {
            0 => "nothing",
            _ if done == u64::from(pieces) => "everything",
            _ => "a part",
        }
    );
    println!("  Final status: {}", op.status());
}

fn main() {
    pool(6, 60.0);
    pool(10_000, 3.0);
}
