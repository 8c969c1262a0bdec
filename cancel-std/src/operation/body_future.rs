//! The future of a body, where it lies in the run, and then its output, in the same place.

use super::Runtime;
use super::base::Cx;
use crate::basics::panics::{Payload, forget};
use pin_project::pin_project;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Both never lie there at once, so a run is as large as the larger one.
#[pin_project(project = BodyPlaceNow, project_replace = BodyPlaceBefore)]
pub(super) enum BodyPlace<F: Future> {
    Empty,
    Future(#[pin] F),
    Output(F::Output),
}

impl<F: Future> BodyPlace<F> {
    pub(super) fn output(&self) -> Option<&F::Output> {
        match self {
            BodyPlace::Output(output) => Some(output),
            _ => None,
        }
    }

    pub(super) fn take_output(self: Pin<&mut Self>) -> Option<F::Output> {
        match self.project_replace(BodyPlace::Empty) {
            BodyPlaceBefore::Output(output) => Some(output),
            _ => None,
        }
    }

    /// For who has a panic to go on with: a second one ends here.
    pub(super) fn forget_output(self: Pin<&mut Self>) {
        let empty = AssertUnwindSafe(|| drop(self.take_output()));
        catch_unwind(empty).unwrap_or_else(forget);
    }
}

/// The body, beside the asynchronous progress callbacks of its operation. What it returns stays in its place.
pub(super) struct BodyFuture<'a, R: Runtime, F: Future> {
    pub(super) ctx: &'a Cx<R>,
    pub(super) place: Pin<&'a mut BodyPlace<F>>,
}

/// A panic of the body, in making its future, and in dropping it, is caught: the operation ends first.
#[inline]
pub(super) fn poll_body<R: Runtime, F: Future>(
    ctx: &Cx<R>,
    place: &mut Pin<&mut BodyPlace<F>>,
    make: impl FnOnce() -> Option<F>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Payload>> {
    let op = ctx.operation();
    let poll = ctx.show(|| {
        catch_unwind(AssertUnwindSafe(|| {
            if let Some(made) = make() {
                place.set(BodyPlace::Future(made));
            }
            match place.as_mut().project() {
                BodyPlaceNow::Future(future) => {
                    let poll = future.poll(cx);
                    poll.map(|output| place.set(BodyPlace::Output(output)))
                }
                _ => Poll::Pending, // has panicked: not polled again
            }
        }))
    });
    match poll {
        Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
        Err(payload) => {
            drop_after_panic(ctx, place.as_mut());
            Poll::Ready(Err(payload))
        }
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
    type Output = Result<(), Payload>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let ctx = self.ctx;
        poll_body(ctx, &mut self.place, || None, cx)
    }
}

/// The future lies elsewhere, but goes with this. Its output does not.
impl<R: Runtime, F: Future> Drop for BodyFuture<'_, R, F> {
    fn drop(&mut self) {
        drop_body(self.ctx, self.place.as_mut());
    }
}

fn drop_body<R: Runtime, F: Future>(ctx: &Cx<R>, mut place: Pin<&mut BodyPlace<F>>) {
    if let BodyPlaceNow::Future(_) = place.as_mut().project() {
        let _inside = ctx.operation().inner.trace.enter();
        ctx.show(|| place.set(BodyPlace::Empty));
    }
}

/// What is left of a body that has panicked. A second panic ends here.
#[inline(never)]
fn drop_after_panic<R: Runtime, F: Future>(ctx: &Cx<R>, mut place: Pin<&mut BodyPlace<F>>) {
    let drop = AssertUnwindSafe(|| ctx.show(|| place.set(BodyPlace::Empty)));
    catch_unwind(drop).unwrap_or_else(forget);
}
