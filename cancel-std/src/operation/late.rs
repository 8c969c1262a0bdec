//! Asynchronous callbacks after the body: for how long the run waits for them.
//!
//! They are the work of hidden operations, whose limit is what is left of `callback_limit`. The time of
//! cleanups does not count.

use super::Runtime;
use super::base::Operation;
use super::hidden::run_hidden;
use crate::report::callbacks::Event;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Calls the asynchronous callbacks of an event.
pub(super) async fn tell_async<R: Runtime>(op: &Operation<R>, event: Event) {
    let context = op.context();
    op.inner.setup.callbacks.event_async(event, &context).await;
}

/// How long the run still waits for callbacks.
pub(super) struct CallbackTime {
    left: Duration,
}

impl CallbackTime {
    pub(super) fn of<R>(op: &Operation<R>) -> Self {
        CallbackTime {
            left: op.inner.setup.callbacks.limit(),
        }
    }

    /// The progress callbacks that are under way, or wait for their turn.
    pub(super) async fn finish_queue<R: Runtime>(&mut self, op: &Operation<R>) {
        let callbacks = &op.inner.setup.callbacks;
        if callbacks.is_queued() {
            let work = poll_fn(|cx| callbacks.poll_queue(cx));
            self.spend(op, work).await;
            // (In a shown operation, as they ran.)
            crate::current::within(op, || callbacks.drop_queue());
        }
    }

    /// The callbacks of the end, one after the other.
    pub(super) async fn tell<R: Runtime>(mut self, op: &Operation<R>, event: Event) {
        self.spend(op, tell_async(op, event)).await;
    }

    /// Runs `work` until it is over, the time is, or the operation is forced to end.
    async fn spend<R: Runtime>(&mut self, op: &Operation<R>, work: impl Future<Output = ()>) {
        let inner = &*op.inner;
        let left = &mut self.left;
        let timed = async {
            let begun = inner.runtime.now();
            let mut hidden = pin!(run_hidden(op, *left, async |_| work.await));
            let mut forced = pin!(inner.forced());
            poll_fn(|cx| match hidden.as_mut().poll(cx) {
                Poll::Pending => forced.as_mut().poll(cx).map(drop),
                Poll::Ready(_) => Poll::Ready(()),
            })
            .await;
            *left = left.saturating_sub(inner.runtime.now() - begun);
        };
        // The callbacks contain their panics; that of a clock or a timer ends here.
        inner.setup.callbacks.contain_async(timed).await;
    }
}
