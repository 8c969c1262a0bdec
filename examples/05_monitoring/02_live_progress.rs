//! Progress for a user interface that draws when it likes, and a log of everything that happens.
//!
//! Run it: `cargo run --example 02_live_progress` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Context, Cx, Observer, ProgressWatch, Smol};
use smol::stream::StreamExt;
use std::sync::Arc;

/// Hears of every operation that it is given to.
struct Journal;

impl Observer for Journal {
    fn started(&self, context: &Context) {
        println!("  [{}] started", context.name().unwrap_or("?"));
    }
    fn cancel_requested(&self, context: &Context) {
        let why = context.cause().expect("it is cancelled");
        println!("  [{}] asked to stop: {why}", context.name().unwrap_or("?"));
    }
    fn ended(&self, context: &Context) {
        println!("  [{}] {}", context.name().unwrap_or("?"), context.status());
    }
}

/// Draws the latest report, never all of them: the operation does not wait for it.
async fn draw(mut watch: ProgressWatch<Smol>) -> usize {
    let mut drawn = 0;
    while let Some(progress) = watch.next().await {
        let part = progress.fraction().unwrap_or(0.0);
        let done = (part * 20.0) as usize;
        println!("  {:-<20} {:3.0} %", "#".repeat(done), part * 100.0);
        drawn += 1;
        smol::Timer::after(seconds(0.5)).await; // a slow screen
    }
    drawn
}

async fn convert(cx: &Cx, rows: u64) -> Result<u64, String> {
    for row in 1..=rows {
        cx.progress(row, 200);
        if row == 150 {
            return Err(format!("row {row} has no date"));
        }
        cx.sleep(seconds(0.02)).await;
    }
    Ok(rows)
}

#[derive(Debug)]
struct ConvertError(String);

impl std::fmt::Display for ConvertError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<cancel_smol::Cancelled> for ConvertError {
    fn from(cancelled: cancel_smol::Cancelled) -> Self {
        ConvertError(cancelled.to_string())
    }
}

fn main() {
    println!("A body that fails, watched:");
    let op = Cancelable::with_timeout(seconds(60.0))
        .name("convert")
        .observe(Arc::new(Journal))
        .on_error(|context| println!("  on_error: {}", context.error().unwrap_or("?")))
        .build();
    let screen = smol::spawn(draw(op.watch_progress()));
    let result = smol::block_on(op.try_run(async |cx| -> Result<u64, ConvertError> {
        convert(cx, 200).await.map_err(ConvertError)
    }));
    let drawn = smol::block_on(screen);
    println!("  Result: {}", result.expect_err("row 150"));
    println!("  Reported 150 times, drawn fewer: {}", drawn < 150);

    println!("A parent that is cancelled, and what is detached from it:");
    let request = Cancelable::new()
        .name("request")
        .observe(Arc::new(Journal))
        .build();
    let audit = request.detached().observe(Arc::new(Journal)).build();
    let part = Cancelable::new()
        .name("part")
        .parent(&request) // runs in a task of its own
        .observe(Arc::new(Journal));
    let part = smol::spawn(part.run(async |cx| cx.sleep(seconds(60.0)).await));
    let audit = smol::spawn(audit.run(async |cx| cx.sleep(seconds(0.5)).await));
    smol::block_on(async {
        smol::Timer::after(seconds(0.2)).await;
        request.cancel_with("client went away");
        println!(
            "  Part: {}",
            part.await.expect_err("it is below the request")
        );
        println!("  Audit finished: {}", audit.await.is_ok());
    });
}
