//! What is left to do when the body is gone: cleanups, and asynchronous callbacks.

use super::Runtime;
use super::base::{AtEnd, Cx, Operation};
use super::hidden::run_hidden;
use super::late::CallbackTime;
use super::sources::Others;
use crate::basics::panics::{Payload, forget};
use crate::report::callbacks::{CatchUnwind, Event};
use cancel_core::Reason;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What is run after the body, beside the cleanups that the operation was set up with.
pub(super) enum Cleanup<K> {
    None,
    /// One that a user gave to the run.
    Given(K),
    /// A part of the run itself. That it is dropped with the run is no loss.
    Own(K),
}

/// The asynchronous callbacks of the end.
#[inline(never)]
pub(super) fn told_async<R: Runtime>(
    callbacks: CallbackTime,
    op: &Operation<R>,
    event: Event,
) -> Pin<Box<impl Future<Output = ()>>> {
    Box::pin(callbacks.tell(op, event))
}

/// What is left to do when the body is gone.
#[inline(never)]
pub(super) fn at_end<'a, R: Runtime, K: AsyncFnOnce(&Cx<R>)>(
    op: &'a Operation<R>,
    cleanup: Cleanup<K>,
    others: Option<&'a mut Others<R>>,
    late_panic: &'a mut Option<Payload>,
    callbacks: &'a mut CallbackTime,
) -> Pin<Box<impl Future<Output = ()>>> {
    let work = ending(op, cleanup, late_panic, callbacks);
    Box::pin(Others::beside(others, op, work))
}

async fn ending<R: Runtime, K: AsyncFnOnce(&Cx<R>)>(
    op: &Operation<R>,
    cleanup: Cleanup<K>,
    late_panic: &mut Option<Payload>,
    callbacks: &mut CallbackTime,
) {
    callbacks.finish_queue(op).await;
    // The nearest to the body first.
    if let Cleanup::Given(cleanup) | Cleanup::Own(cleanup) = cleanup {
        keep(late_panic, clean_up(op, Duration::MAX, cleanup)).await;
    }
    for AtEnd { limit, work } in op.take_pending().1 {
        let cleanup = async |cx: &Cx<R>| work(cx.clone()).await;
        keep(late_panic, clean_up(op, limit, cleanup)).await;
    }
    callbacks.finish_queue(op).await; // what the cleanups have reported
}

async fn clean_up<R: Runtime, K: AsyncFnOnce(&Cx<R>)>(
    op: &Operation<R>,
    limit: Duration,
    cleanup: K,
) {
    if let Err(cancelled) = run_hidden(op, limit, cleanup).await {
        op.inner.note(match cancelled.reason() {
            Reason::Timeout if limit != Duration::MAX => {
                format!("cleanup did not end within {limit:?}")
            }
            _ => format!("cleanup did not end: {cancelled}"),
        });
    }
}

/// Runs work of the end. Its panic is kept, and the rest of the end goes on.
async fn keep(first: &mut Option<Payload>, work: impl Future<Output = ()>) {
    if let Err(payload) = (CatchUnwind { future: work }).await {
        match first {
            None => *first = Some(payload),
            Some(_) => forget(payload),
        }
    }
}
