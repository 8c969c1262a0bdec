//! Tasks that belong together: all are waited for, and the first failure cancels the others, or each is for
//! itself.
//!
//! Run it: `cargo run --example 12_task_group` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Cancelled, Smol, TaskGroup, TaskSet};
use std::error::Error;

type AnyError = Box<dyn Error + Send + Sync>;

/// All goes well: outputs in the order in which one asks for them.
async fn collect() -> Result<(), AnyError> {
    println!("All succeed:");
    let op = Cancelable::with_timeout(seconds(60.0));
    let sizes = op.try_run_group(async |group: TaskGroup<Smol>| -> Result<_, AnyError> {
        let downloads: Vec<_> = (1..=4u32)
            .map(|number| {
                group.spawn(move |cx| async move {
                    cx.sleep(seconds(0.5 / f64::from(number))).await;
                    number * 100
                })
            })
            .collect();
        let mut sizes = Vec::new();
        for download in downloads {
            sizes.push(download.await?);
        }
        Ok(sizes)
    });
    println!("  Sizes: {:?}", sizes.await?);
    Ok(())
}

/// One fails. The others clean up, and that is waited for.
async fn fail() {
    println!("One fails:");
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), AnyError> {
        for number in 1..=2 {
            let child = group.child().finally(move |cx| async move {
                cx.sleep(seconds(0.2 * f64::from(number))).await;
                let why = cx
                    .operation()
                    .context()
                    .message()
                    .unwrap_or("?")
                    .to_string();
                println!("  Task {number} cleaned up: {why}");
            });
            group.spawn_as(child, |cx| async move { cx.sleep(seconds(3600.0)).await });
        }
        let bad = group.child().name("parser");
        group.spawn_as(bad, |cx| async move {
            cx.sleep(seconds(0.3)).await;
            "no number".parse::<u32>()
        });
        Ok(())
    });
    println!("  Error: {}", run.await.unwrap_err());
    println!("  Status: {}", op.status());
}

/// A task has too little time. That is a failure like any other.
async fn time_out() {
    println!("One times out:");
    let op = Cancelable::new().build();
    let run = op.run_group(async |group| {
        let hasty = group.child().name("hasty").timeout(seconds(0.2));
        group.spawn_as(hasty, |cx| async move { cx.sleep(seconds(3600.0)).await });
        group.spawn(|cx| async move { cx.sleep(seconds(3600.0)).await });
    });
    println!("  Error: {}", run.await.unwrap_err());
    println!("  Group: {}", op.context().error().unwrap_or("no error"));
}

/// What fails leaves the others alone. Two at once, outcomes in the order in which they come.
async fn each_for_itself() {
    println!("Each for itself, two at once:");
    let op = Cancelable::new().each_for_itself().task_limit(2).build();
    let run = op.run_group(async |group| {
        let mut pages = TaskSet::new();
        for number in 1..=4u32 {
            let page = group.child().name(format!("page {number}"));
            pages.push(group.spawn_as(page, move |cx| async move {
                cx.sleep(seconds(0.2)).await;
                match number {
                    2 => Err("there is none"),
                    _ => Ok(number * 100),
                }
            }));
        }
        let mut size = 0;
        while let Some(end) = pages.join_next().await {
            size += end.result.unwrap_or(0);
        }
        size
    });
    println!("  Sizes of all that came: {}", run.await.unwrap_or(0));
    for error in op.context().task_errors() {
        println!("  Error of {error}");
    }
}

/// A group in the body of an operation, which is cancelled. Nothing outlives it.
async fn inside() {
    println!("The operation around it times out:");
    let op = Cancelable::with_timeout(seconds(0.3));
    let result = op
        .run(async |cx| -> Result<(), Cancelled> {
            let group = cx.child().run_group(async |group| {
                let child = group.child().finally(|cx| async move {
                    cx.sleep(seconds(0.2)).await;
                    println!("  The last task is over");
                });
                group.spawn_as(child, |cx| async move { cx.sleep(seconds(3600.0)).await });
            });
            group.await?;
            Ok(())
        })
        .await;
    match result {
        Ok(Err(cancelled)) => println!("  Body: {cancelled}"),
        other => println!("  {other:?}"),
    }
}

fn main() -> Result<(), AnyError> {
    smol::block_on(async {
        collect().await?;
        fail().await;
        time_out().await;
        each_for_itself().await;
        inside().await;
        Ok(())
    })
}
