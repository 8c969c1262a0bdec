//! Work that goes on behind an answer, whose body tells how far it is.

use crate::app::{App, why};
use crate::work::Numbers;
use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::Event;
use cancel_tokio::{Context, Progress};
use futures_util::stream::{Stream, StreamExt, once};
use std::convert::Infallible;
use std::time::Duration;

/// How long the cleanup of a job takes.
const CLEANUP: Duration = Duration::from_millis(20);

/// Starts a job and streams its progress, as server-sent events.
///
/// The handler is over, and with it the operation of the request, as soon as the answer begins. The job is an
/// operation of its own, in a task of its own: so it can clean up. The body of the answer holds a
/// guard; if the client leaves, axum drops the body, and the guard cancels the job.
pub(crate) async fn progress(
    State(app): State<App>,
    Query(numbers): Numbers,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let steps = numbers.get("steps").copied().unwrap_or(20);
    let log = app.log().clone();
    let pace = app.config().pace;
    let job = app.operation(String::from("job of GET /progress"));
    let job = job.finally(move |cx| async move {
        cx.sleep(CLEANUP).await; // what has to be done
        log.line(String::from("job of GET /progress cleaned up"));
    });
    let job = app.enter(job).build();
    let reports = job.watch_progress();
    let guard = job.token().clone().drop_guard();
    let run = job.run(async move |cx| {
        for step in 1..=steps {
            cx.sleep(pace).await;
            cx.progress(step, steps);
        }
    });
    tokio::spawn(async move {
        // How it ended is in its context.
        let _ = run.await;
    });
    let end = once(async move {
        guard.success();
        ended(&job.context())
    });
    Sse::new(reports.map(reported).chain(end).map(Ok))
}

fn reported(progress: Progress) -> Event {
    Event::default().data(progress.to_string())
}

fn ended(context: &Context) -> Event {
    let how = match context.cause() {
        Some(cancelled) => why(cancelled),
        None => context.status().to_string(),
    };
    Event::default().event("end").data(how)
}
