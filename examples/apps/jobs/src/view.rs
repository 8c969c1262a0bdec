//! What the page and other clients get to see: contexts as JSON.

use crate::board::Board;
use crate::reasons;
use cancel_smol::{Context, Filter, Status};
use serde_json::{Value, json};

pub(crate) fn job(context: &Context) -> Value {
    let metadata = context.metadata();
    let progress = context.progress().map(|progress| {
        json!({
            "current": progress.current(),
            "total": progress.total(),
            "fraction": progress.fraction(),
        })
    });
    let duration = context.duration().unwrap_or_default();
    json!({
        "id": context.id(),
        "kind": metadata.get("kind"),
        "name": context.name(),
        "status": context.status(),
        "cancelling": context.status() == Status::Running && context.cause().is_some(),
        "reason": context.reason().map(reasons::name),
        "message": context.message(),
        "error": context.error(),
        "milliseconds": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        "deadline": metadata.get("deadline").and_then(|text| text.parse::<f64>().ok()),
        "progress": progress,
        "result": context.partial_result::<String>(),
    })
}

/// Those that have not ended, and those that have, the oldest first.
pub(crate) fn list(board: &Board) -> Value {
    let all = Filter::new();
    let jobs = |contexts: Vec<Context>| contexts.iter().map(job).collect::<Vec<_>>();
    // In this order: one that ends meanwhile is in both and not in none.
    let running = jobs(board.registry().list(&all));
    let finished = jobs(board.registry().history(&all));
    json!({ "running": running, "finished": finished, "totals": totals(board) })
}

/// Of all that there ever were.
pub(crate) fn totals(board: &Board) -> Value {
    let statistics = board.registry().statistics();
    json!({
        "running": statistics.pending() + statistics.running(),
        "completed": statistics.completed(),
        "cancelled": statistics.cancelled(),
        "failed": statistics.failed(),
    })
}
