//! A part of a run that waits.

use super::Runtime;
use super::base::Operation;
use super::shield::Held;
use cancel_core::Reason;
use std::future::Future;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A part of a run that waits. Dropped then, it cancels the operation, before anything else is dropped.
pub(super) struct Attended<'a, R: Runtime, P> {
    op: &'a Operation<R>,
    part: Held<'a, R, P>,
    abandoned: bool,
}

/// `holds`: whether it holds what is around in any case.
pub(super) fn attend<R: Runtime, P>(
    op: &Operation<R>,
    part: Pin<P>,
    holds: bool,
) -> Attended<'_, R, P> {
    Attended {
        op,
        part: Held::new(&op.inner, part, holds),
        abandoned: false,
    }
}

impl<R: Runtime, P: DerefMut<Target: Future> + Unpin> Future for Attended<'_, R, P> {
    type Output = <P::Target as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let op = self.op;
        let _inside = op.inner.trace.enter();
        self.abandoned = false; // a panic is not a drop
        let poll = Pin::new(&mut self.part).poll(cx);
        self.abandoned = poll.is_pending();
        poll
    }
}

impl<R: Runtime, P> Drop for Attended<'_, R, P> {
    fn drop(&mut self) {
        if self.abandoned {
            // Contained, since this may be part of an unwinding already.
            self.op.inner.setup.callbacks.contain(|| {
                self.op.cancel_with(Reason::Dropped);
            });
        }
    }
}
