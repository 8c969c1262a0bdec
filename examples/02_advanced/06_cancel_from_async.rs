//! One task cancels others, a task cancels itself, and a computation lets its cancelation through.
//!
//! Run it: `cargo run --example 06_cancel_from_async` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{CancelToken, Cancelable, Cancelled, Source};

/// A supervisor sees something, and cancels the workers.
async fn from_another_task() {
    println!("From another task:");
    let token = CancelToken::new();
    let workers: Vec<_> = (1..=3)
        .map(|number| {
            let op = Cancelable::with_token(&token)
                .name(format!("worker {number}"))
                .build();
            smol::spawn(async move {
                let result = op.run(async |cx| cx.sleep(seconds(3600.0)).await).await;
                (op, result)
            })
        })
        .collect();
    let supervisor = smol::spawn(async move {
        smol::Timer::after(seconds(0.5)).await;
        token.cancel_with("supervisor: queue is empty")
    });
    for worker in workers {
        let (op, result) = worker.await;
        let name = op.context().name().unwrap_or("?").to_string();
        println!("  {name}: {}", result.unwrap_err());
    }
    println!("  Supervisor won: {}", supervisor.await);
}

/// The body cancels its own operation: it is dropped at the next await.
async fn from_inside() {
    println!("From inside:");
    let op = Cancelable::new();
    let result = op
        .run(async |cx| {
            for step in 1.. {
                println!("  Step {step}");
                if step == 3 {
                    cx.cancel_with("three are enough");
                }
                cx.sleep(seconds(0.1)).await;
            }
        })
        .await;
    println!("  Result: {}", result.unwrap_err());
}

/// Another task's failure cancels this one.
async fn by_a_failure() {
    println!("By the failure of another task:");
    let upload = smol::spawn(async {
        smol::Timer::after(seconds(0.3)).await;
        Err::<(), _>(std::io::Error::other("disk full"))
    });
    let op = Cancelable::new().source(Source::failure(upload));
    let result = op.run(async |cx| cx.sleep(seconds(3600.0)).await).await;
    let cancelled = result.unwrap_err();
    let error = std::error::Error::source(&cancelled).expect("the failure");
    println!("  Reason: {}, because: {error}", cancelled.reason());
}

/// Code that computes has no awaits to be cancelled at. A checkpoint is one.
async fn while_computing() {
    println!("While computing:");
    let op = Cancelable::with_timeout(seconds(0.5)).build();
    let result = op
        .try_run(async |cx| -> Result<u64, Cancelled> {
            let mut hash = 0xcbf2_9ce4_8422_2325u64;
            loop {
                for byte in 0..=255u8 {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
                }
                cx.set_partial_result(hash);
                cx.checkpoint().await?;
            }
        })
        .await;
    println!("  Result: {}", result.unwrap_err());
    let partial = op.context().partial_result::<u64>().is_some();
    println!("  There is a partial result: {partial}");
}

fn main() {
    smol::block_on(async {
        from_another_task().await;
        from_inside().await;
        by_a_failure().await;
        while_computing().await;
    });
}
