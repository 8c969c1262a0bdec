//! The future of a body, where it lies in the run.

use super::Runtime;
use super::base::Cx;
use crate::basics::panics::Payload;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body, beside the asynchronous progress callbacks of its operation.
pub(super) struct BodyFuture<'a, R: Runtime, F> {
    pub(super) ctx: &'a Cx<R>,
    pub(super) future: Pin<&'a mut Option<F>>,
}

/// A panic of the body, in making its future, too, is caught: the operation ends first.
pub(super) fn poll_body<R: Runtime, F: Future>(
    ctx: &Cx<R>,
    future: &mut Pin<&mut Option<F>>,
    make: impl FnOnce() -> Option<F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Payload>> {
    let op = ctx.operation();
    let poll = ctx.show(|| {
        catch_unwind(AssertUnwindSafe(|| {
            if let Some(made) = make() {
                future.set(Some(made));
            }
            match future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending, // has panicked: not polled again
            }
        }))
    });
    match poll {
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(payload) => Poll::Ready(Err(payload)),
        Ok(Poll::Pending) => {
            if op.inner.setup.callbacks.has_queue() {
                // Listens before it looks, as with all that the runner is woken for: a report from
                // elsewhere may come in between.
                op.inner.runner.listen(cx);
                let callbacks = &op.inner.setup.callbacks;
                let _ = ctx.show(|| callbacks.poll_queue(cx));
            }
            Poll::Pending
        }
    }
}

impl<R: Runtime, F: Future> Future for BodyFuture<'_, R, F> {
    type Output = Result<F::Output, Payload>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ctx = self.ctx;
        poll_body(ctx, &mut self.future, || None, cx)
    }
}

/// The future lies elsewhere, but goes with this.
impl<R: Runtime, F> Drop for BodyFuture<'_, R, F> {
    fn drop(&mut self) {
        drop_body(self.ctx, self.future.as_mut());
    }
}

pub(super) fn drop_body<R: Runtime, F>(ctx: &Cx<R>, mut future: Pin<&mut Option<F>>) {
    let _inside = ctx.operation().inner.trace.enter();
    ctx.show(|| future.set(None));
}
