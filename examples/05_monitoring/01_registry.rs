//! Watching and steering operations from outside: who is there, what do they do, stop some of them, what
//! became of them.
//!
//! Run it: `cargo run --example 01_registry` (with `-- --fast`: a tenth of the time)

use cancel_examples::seconds;
use cancel_smol::{Cancelable, Change, Context, Filter, Reason, Registry, Status};
use smol::stream::StreamExt;
use std::time::Duration;

/// A job with two parts, all of them registered.
async fn job(registry: Registry, name: &'static str, takes: Duration) {
    let op = Cancelable::new().name(name).register(&registry);
    let result = op.run(async |cx| {
        for part in ["fetch", "store"] {
            let part = cx.child().name(part).register(&registry);
            let run = part.run(async |cx| {
                for step in 1..=10 {
                    cx.progress(step, 10);
                    cx.sleep(takes / 20).await;
                }
            });
            if run.await.is_err() {
                return;
            }
        }
    });
    let _ = result.await; // the registry knows
}

fn show(context: &Context) {
    let name = context.name().unwrap_or("?");
    let how = match (context.reason(), context.message()) {
        (Some(reason), Some(message)) => format!(" ({reason}: {message})"),
        (Some(reason), None) => format!(" ({reason})"),
        (None, _) => String::new(),
    };
    let parent = match context.parent_id() {
        Some(parent) => format!(", part of {parent}"),
        None => String::new(),
    };
    println!(
        "  {} {name}: {}{how}{parent}",
        context.id(),
        context.status()
    );
}

fn main() {
    let registry = Registry::new();
    let mut changes = registry.changes();

    smol::block_on(async {
        let jobs: Vec<_> = [("short", 4.0), ("long", 60.0), ("endless", 3600.0)]
            .into_iter()
            .map(|(name, takes)| smol::spawn(job(registry.clone(), name, seconds(takes))))
            .collect();

        // Wait until the parts of all three have started.
        let mut started = 0;
        while started < 6 {
            if let Some(Change::Started(_)) = changes.next().await {
                started += 1;
            }
        }

        println!("Running:");
        let mut roots = registry.list(&Filter::new().matching(|op| op.parent_id().is_none()));
        roots.sort_by_key(|root| root.name().map(String::from));
        for root in &roots {
            let parts = registry.count(&Filter::new().parent(root.id()));
            println!(
                "  {}: {}, parts: {parts}",
                root.name().unwrap_or("?"),
                root.status()
            );
        }
        let fetching = Filter::new().name("fetch").status(Status::Running);
        println!("  fetching: {}", registry.count(&fetching));

        println!("Stopping the long one, from another thread:");
        let (handle, long) = (registry.clone(), roots[1].id());
        let stop = move || handle.cancel_tree(long, (Reason::Manual, "too long"));
        let stopped = std::thread::spawn(stop).join().unwrap_or(0);
        println!("  cancelled: {stopped}");

        // The short one comes to its own end.
        while registry.statistics().completed() < 3 {
            changes.next().await;
        }
        println!("Stopping all that is left:");
        println!("  cancelled: {}", registry.cancel_all(Reason::Shutdown));
        for job in jobs {
            job.await;
        }
        println!("  left: {}", registry.len());
    });

    println!("History:");
    let mut history = registry.history(&Filter::new());
    history.sort_by_key(|context| context.id());
    history.iter().for_each(show);

    let statistics = registry.statistics();
    println!("Statistics:");
    println!("  registered: {}", statistics.registered());
    println!("  completed: {}", statistics.completed());
    println!("  cancelled: {}", statistics.cancelled());
    for (reason, count) in statistics.reasons() {
        println!("    {reason}: {count}");
    }
    println!(
        "  average: {:.1?}",
        statistics.average_duration().unwrap_or_default()
    );

    println!("As JSON:");
    match serde_json::to_value(registry.snapshot()) {
        Ok(json) => println!("  {}", json["statistics"]["reasons"]),
        Err(error) => println!("  {error}"),
    }
    println!("Forgotten: {}", registry.clear_history());
}
