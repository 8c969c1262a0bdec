//! How to test code with timeouts: in virtual time, with a recorder, without waiting.
//!
//! Run it: `cargo run --example 03_testing_kit`

use cancel_smol::testing::{Script, VirtualTime};
use cancel_smol::{Cancelled, Reason, Runtime, generic};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// The code under test. It is generic over the runtime, and so over the clock.
async fn nightly_backup<R: Runtime>(cx: &generic::Cx<R>) -> Result<u64, Cancelled> {
    for volume in 1..=8 {
        cx.check()?;
        cx.progress(volume, 8);
        cx.sleep(HOUR).await;
    }
    Ok(8)
}

fn main() {
    let before = Instant::now();

    println!("Six hours are not enough, as a test would find out:");
    let time = VirtualTime::new();
    let op = time.operation().name("backup").timeout(6 * HOUR).build();
    let result = time.block_on(op.try_run(nightly_backup));
    let cancelled = result.expect_err("it takes eight");
    assert_eq!(cancelled.reason(), Reason::Timeout);
    println!(
        "  {cancelled}, after {:?}",
        op.context().duration().unwrap()
    );
    println!("  Timers left behind: {}", time.pending_timers());

    println!("A scenario, and what came of it:");
    let script = Script::new();
    let op = script.operation("backup").grace(HOUR).build();
    let (_, events) = script
        .cancel_at(5 * HOUR / 2, op.token(), "maintenance begins")
        .run(op.try_run(nightly_backup));
    for event in &events {
        println!("  {event}");
    }

    println!(
        "Eleven hours took less than one: {}",
        before.elapsed() < HOUR
    );
}
