//! One token, many threads: all may cancel, one of them does, and everybody knows which.
//!
//! Run it: `cargo run --example 01_thread_safe_cancelation` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable};
use std::sync::Barrier;
use std::thread;

/// A thread cancels async work. (More of it: `05_thread_cancelation` in `01_basics`.)
fn one_canceller() {
    println!("One thread:");
    let token = CancelToken::new();
    let canceller = token.clone();
    let thread = thread::spawn(move || {
        thread::sleep(seconds(1.0));
        canceller.cancel_with("Cancelled from thread");
    });
    let op = Cancelable::with_token(&token).name("async_worker");
    let result = smol::block_on(op.run(async |cx| cx.sleep(seconds(60.0)).await));
    if let Err(cancelled) = result {
        println!("  {cancelled}");
    }
    thread.join().expect("the canceller does not panic");
}

/// Eight at the same moment. `cancel` tells each of them whether it was the one.
fn a_race() {
    println!("A race of eight:");
    let token = CancelToken::new();
    let start = Barrier::new(8);
    let winners: Vec<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let (token, start) = (&token, &start);
                scope.spawn(move || {
                    start.wait();
                    let won = token.cancel_with(format!("thread {number}"));
                    // Whoever has won: from here on it is cancelled, and the cause stays.
                    assert!(token.is_cancelled());
                    won.then_some(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("it does not panic"))
            .collect()
    });
    println!("  Winners: {}", winners.len());
    let told = token.wait(); // at once, by now
    let expected = winners.first().map(|number| format!("thread {number}"));
    println!(
        "  Everybody reads its message: {}",
        told.message() == expected.as_deref()
    );
}

/// What a token is asked most often, from a loop that cannot await.
fn a_computation() {
    println!("A computation that asks:");
    let token = CancelToken::new();
    let handle = token.clone();
    let computer = thread::spawn(move || {
        let mut rounds = 0u64;
        loop {
            rounds += 1;
            if handle.is_cancelled() {
                return rounds; // as cheap as that: one load per round
            }
        }
    });
    // The guard cancels when this scope is left, also by an error or a panic.
    let guard = token.clone().drop_guard();
    thread::sleep(seconds(0.3));
    drop(guard);
    let rounds = computer.join().expect("it does not panic");
    println!("  Rounds: {rounds}");
}

fn main() {
    one_canceller();
    a_race();
    a_computation();
}
