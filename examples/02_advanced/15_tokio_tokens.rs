//! Operations on tokio, in a program that has tokens of tokio-util already.
//!
//! ```sh
//! cargo run --example 15_tokio_tokens
//! ```
//!
//! `Link` couples two tokens as long as it is held: no task, no polling. Of the two, only ours knows why; what
//! a token of tokio-util stands for is said where it is linked.

use cancel_examples::seconds;
use cancel_tokio::{Cancelable, Link, Reason, run_in_blocking_pool};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() {
    println!("Theirs cancels an operation:");
    theirs_cancels_ours().await;
    println!("An operation cancels theirs:");
    ours_cancels_theirs().await;
    println!("Both ways, and a thread of tokio's pool:");
    both_ways().await;
}

/// The program's shutdown is a token of tokio-util.
async fn theirs_cancels_ours() {
    let shutdown = CancellationToken::new();
    let op = Cancelable::new().name("download").build();
    let why = (Reason::Shutdown, "the program is ending");
    let link = Link::from_tokio_with(&shutdown, op.token(), why);

    let task = tokio::spawn(op.run(async |cx| {
        for chunk in 1..=1000 {
            cx.progress(chunk, 1000);
            cx.sleep(seconds(0.1)).await;
        }
    }));
    tokio::time::sleep(seconds(0.35)).await;
    shutdown.cancel();
    let result = task.await.expect("it does not panic");
    println!("  {}", result.expect_err("it is cancelled"));
    println!("  chunks so far: {}", op.context().progress().is_some());
    drop(link);
}

/// A part of the program that knows nothing of operations, and takes a token of tokio-util.
async fn worker(stop: CancellationToken) -> &'static str {
    stop.cancelled().await;
    "worker: told to stop"
}

async fn ours_cancels_theirs() {
    let stop = CancellationToken::new();
    let op = Cancelable::with_timeout(seconds(0.2))
        .name("session")
        .build();
    let link = Link::to_tokio(op.token(), &stop);
    let worker = tokio::spawn(worker(stop.child_token()));

    let result = op.run(async |_| std::future::pending::<()>().await).await;
    println!("  session: {}", result.expect_err("it is cancelled"));
    println!("  {}", worker.await.expect("it does not panic"));
    drop(link);

    // Without the link they have nothing to do with one another.
    let stop = CancellationToken::new();
    let op = Cancelable::new().build();
    drop(Link::both(op.token(), &stop));
    op.cancel();
    println!("  after the link: {}", stop.is_cancelled());
}

async fn both_ways() {
    let stop = CancellationToken::new();
    let op = Cancelable::new().name("index").build();
    let link = Link::both(op.token(), &stop);
    let worker = tokio::spawn(worker(stop.clone()));
    let (begun, has_begun) = tokio::sync::oneshot::channel();

    let run = op.run(async |cx| {
        let rows = run_in_blocking_pool(cx, |cx| {
            begun.send(()).expect("somebody waits for it");
            let mut rows = 0;
            while cx.check().is_ok() {
                rows += 1;
                std::thread::sleep(seconds(0.01));
            }
            rows
        });
        // Waits for the thread, which sees the cancel by itself.
        cx.shield_future(rows).await
    });
    let stopper = tokio::spawn(async move {
        has_begun.await.expect("it is called");
        tokio::time::sleep(seconds(0.2)).await;
        stop.cancel();
    });
    let rows = run.await.expect("it returns").expect("it was called");
    println!("  some rows: {}", rows > 0);
    println!("  index: {}", op.token().cause().expect("it is cancelled"));
    println!("  {}", worker.await.expect("it does not panic"));
    stopper.await.expect("it does not panic");
    drop(link);
}
