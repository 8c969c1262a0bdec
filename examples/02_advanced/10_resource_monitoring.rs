//! Work that ends before the machine runs out of something.
//!
//! Run it: `cargo run --example 10_resource_monitoring` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{BuildError, Cancelable, Operation, Resources, Source};

const MIB: u64 = 1 << 20;

fn report(op: &Operation) {
    let context = op.context();
    println!("  Final status: {}", context.status());
    println!("  Cancel reason: {}", context.reason().unwrap_or_default());
    println!("  Message: {}", context.message().unwrap_or("no message"));
}

/// What a server may use. Each look takes a moment, on a thread for what may block.
fn server_limits() -> Resources {
    Resources::new()
        .disk_above(".", 99.9)
        .disk_left_below(".", MIB)
        .memory_left_below(MIB)
        .every(seconds(1.0))
}

async fn within_the_limits() -> Result<(), BuildError> {
    println!("A small job, within its limits:");
    let op = Cancelable::with_resources(server_limits())?
        .name("small job")
        .build();
    match op.run(async |cx| cx.sleep(seconds(2.5)).await).await {
        Ok(()) => println!("  Final status: {}", op.context().status()),
        Err(_) => report(&op),
    }
    Ok(())
}

async fn too_much_memory() -> Result<(), BuildError> {
    println!("A cache that grows, until the process holds 96 MiB:");
    let limits = Resources::new()
        .process_memory_above(96 * MIB)
        .every(seconds(0.2));
    // Limits are a source like any other.
    let op = Cancelable::any([limits.build()?, Source::timeout(seconds(600.0))])
        .name("cache")
        .build();
    let mut cache = Vec::new();
    let result = op.run(async |cx| {
        loop {
            cache.push(vec![1_u8; 8 * MIB as usize]);
            cx.sleep(seconds(0.1)).await;
        }
    });
    if result.await.is_err() {
        report(&op);
    }
    Ok(())
}

async fn busy_processors() -> Result<(), BuildError> {
    // For a server this would be 98 or so. How busy they are is the average between two looks, so the
    // first one finds nothing.
    println!("A job that leaves the processors to all others:");
    let limits = Resources::new().cpu_above(0.0).every(seconds(1.0));
    let op = Cancelable::with_resources(limits)?
        .name("polite job")
        .build();
    let result = op.run(async |cx| {
        loop {
            (0..100_000).for_each(|number| {
                std::hint::black_box(number);
            });
            cx.sleep(seconds(0.05)).await;
        }
    });
    if result.await.is_err() {
        report(&op);
    }
    Ok(())
}

fn main() -> Result<(), BuildError> {
    smol::block_on(async {
        within_the_limits().await?;
        too_much_memory().await?;
        busy_processors().await
    })?;

    // Mistakes come out when the limits are built.
    for limits in [
        Resources::new(),
        Resources::new().memory_above(f64::NAN),
        Resources::new().disk_above("/no/such/folder", 95.0),
    ] {
        if let Err(error) = Cancelable::with_resources(limits) {
            println!("Not built: {error}");
        }
    }
    Ok(())
}
