//! Several things have to come together before work is cancelled: all-of, any-of, and both nested.
//!
//! Run it: `cargo run --example 09_all_of` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable, Reason, Source};
use std::thread;

/// Works until it is cancelled, and says why it was.
fn work_under(op: Cancelable) {
    let op = op.build();
    let result = smol::block_on(op.run(async |cx| {
        for step in 1..=100 {
            cx.progress(step, 100);
            cx.sleep(seconds(0.25)).await;
        }
    }));
    let context = op.context();
    let steps = context.progress().and_then(|progress| progress.current());
    println!("  Stopped at step {}", steps.unwrap_or(0));
    if let Err(cancelled) = result {
        println!("  Reason: {}", cancelled.reason());
        println!("  Message: {}", cancelled.message().unwrap_or("no message"));
    }
}

/// A token that is cancelled a while after the thread before is gone.
fn later(message: &'static str, before: Option<&CancelToken>) -> CancelToken {
    let token = CancelToken::new();
    let (handle, before) = (token.clone(), before.cloned());
    thread::spawn(move || {
        if let Some(before) = before {
            before.wait();
        }
        thread::sleep(seconds(0.5));
        println!("  ... {message}");
        handle.cancel_with(message);
    });
    token
}

fn main() {
    println!("A minimum time AND a stop request:");
    let stop = CancelToken::new();
    stop.cancel_with("stop requested");
    println!("  ... stop requested");
    work_under(Cancelable::all([
        (&stop).into(),
        Source::timeout(seconds(1.5)), // it gets so much time whatever happens
    ]));

    println!("Both workers gone:");
    let one = later("worker 1 gone", None);
    let two = later("worker 2 gone", Some(&one));
    work_under(Cancelable::all([(&one).into(), (&two).into()]));

    println!("(Minimum time AND stop) OR shutdown:");
    let (stop, shutdown) = (CancelToken::new(), CancelToken::new());
    let handle = shutdown.clone();
    thread::spawn(move || {
        thread::sleep(seconds(0.5));
        handle.cancel_with((Reason::Shutdown, "power is failing"));
    });
    work_under(Cancelable::any([
        Source::all([Source::timeout(seconds(1.0)), (&stop).into()]),
        (&shutdown).into(),
    ]));

    println!("Tokens alone can do that, too:");
    let (left, right) = (CancelToken::new(), CancelToken::new());
    let both = CancelToken::all([&left, &right]);
    left.cancel_with("left");
    println!("  after left:  {}", both.is_cancelled());
    right.cancel_with("right");
    println!("  after right: {}", both.is_cancelled());
    println!("  because of:  {}", both.cause().expect("cancelled"));
}
