//! What a source is while its operation runs: a stream of causes.

use super::Runtime;
use super::base::{Operation, Started};
use crate::basics::panics::{Payload, explain, forget};
use cancel_core::{Cause, DeadlineSource, Reason};
use futures_core::Stream;
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A sleep as a source, whose cause says of what operation it is, and the limit of a timeout.
pub(super) fn late<R: Runtime>(
    op: &Operation<R>,
    sleep: R::Sleep,
    limit: Option<Duration>,
    told_as: Option<Cause>,
) -> Started {
    let name = op.inner.setup.name.clone();
    once(async move {
        let mut cause = DeadlineSource::new(sleep).await;
        if let Some(limit) = limit.filter(|_| cause.reason() == Reason::Timeout) {
            cause = told_as.unwrap_or(cause).with_limit(limit);
        }
        match name {
            Some(name) => cause.with_name(name),
            None => cause,
        }
    })
}

pub(super) fn once(future: impl Future<Output = Cause> + Send + 'static) -> Started {
    Box::pin(Once {
        future: Some(async move { Some(future.await) }),
    })
}

/// A future that may give a cause, as a stream.
#[pin_project]
pub(super) struct Once<F> {
    #[pin]
    pub(super) future: Option<F>,
}

impl<F: Future<Output = Option<Cause>>> Stream for Once<F> {
    type Item = Cause;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let cause = std::task::ready!(future.poll(cx));
        this.future.set(None);
        Poll::Ready(cause)
    }
}

/// A source whose panic fires it. That of its drop is forgotten: the outcome is there by then.
#[pin_project(PinnedDrop)]
pub(super) struct Contained<S>(#[pin] pub(super) Option<S>);

#[pinned_drop]
impl<S> PinnedDrop for Contained<S> {
    fn drop(self: Pin<&mut Self>) {
        drop_quietly(self.project().0);
    }
}

fn drop_quietly<S>(mut source: Pin<&mut Option<S>>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| source.set(None))) {
        forget(payload);
    }
}

pub(super) fn panicked(payload: Payload) -> Cause {
    let what = format!("a source {}", explain(payload));
    Cause::new(Reason::Error).with_message(what)
}

impl<S: Stream<Item = Cause>> Stream for Contained<S> {
    type Item = Cause;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        let mut inner = self.project().0;
        let Some(source) = inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        match catch_unwind(AssertUnwindSafe(|| source.poll_next(cx))) {
            Ok(poll) => poll,
            Err(payload) => {
                drop_quietly(inner);
                Poll::Ready(Some(panicked(payload)))
            }
        }
    }
}
