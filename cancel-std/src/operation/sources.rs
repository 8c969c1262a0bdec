//! The sources of a running operation, in one stream.

use super::source::AnyOf;
use super::{Inner, Operation, Runtime};
use crate::panics::{Payload, forget};
use cancel_core::{CancelToken, Cancelled, Cause, DeadlineSource, Instant, Reason, WaitForCancel};
use futures_core::Stream;
use pin_project::{pin_project, pinned_drop};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

/// Deadline, force, and everything else that was given to the operation. Tokens are not polled: the
/// operation's own token follows them.
#[pin_project(PinnedDrop)]
pub(super) struct Sources<'a, R: Runtime> {
    op: &'a Operation<R>,
    /// The deadline that `sleep` waits for, or has waited for.
    armed: Option<Instant>,
    #[pin]
    sleep: Option<DeadlineSource<R::Sleep>>,
    forced: bool,
    /// Lent: they stay until the cleanup is over, in which a second signal does no harm.
    others: Option<&'a mut Others>,
}

pub(super) struct Others {
    sources: AnyOf,
    /// In a grace period: the tokens above that were not cancelled when it began.
    late: Option<Vec<Pin<Box<WaitForCancel<CancelToken>>>>>,
}

impl<'a, R: Runtime> Sources<'a, R> {
    /// Not long after `now`.
    pub(super) fn new(op: &'a Operation<R>, others: Option<&'a mut Others>, now: Instant) -> Self {
        let inner = &op.inner;
        let deadline = inner.deadline.get();
        let sleep = |at| DeadlineSource::new(inner.runtime.sleep_from(now, at));
        Sources {
            op,
            armed: deadline,
            sleep: deadline.map(sleep),
            forced: false,
            others,
        }
    }
}

#[pinned_drop]
impl<R: Runtime> PinnedDrop for Sources<'_, R> {
    fn drop(self: Pin<&mut Self>) {
        // Contained, since this may be part of an unwinding.
        if let Some(waker) = self.op.inner.bell.silence() {
            self.op.inner.setup.callbacks.contain(|| drop(waker));
        }
    }
}

/// The first request cancels the token here, and not in the scope, which a panic of the token's callbacks
/// would end, shields and all. What comes out are further requests.
impl<R: Runtime> Stream for Sources<'_, R> {
    type Item = Cause;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        let op = self.op;
        loop {
            let Some(cause) = ready!(self.as_mut().poll_request(cx)) else {
                return Poll::Ready(None);
            };
            if op.is_cancelled() {
                return Poll::Ready(Some(cause));
            }
            match catch_unwind(AssertUnwindSafe(|| op.cancel_with(cause))) {
                Ok(true) => {}
                // Somebody was quicker: a further one, whose cause does not count.
                Ok(false) => return Poll::Ready(Some(Cause::new(Reason::Manual))),
                // (Only the one that won calls them.)
                Err(payload) => op.inner.keep_panic(payload),
            }
        }
    }
}

impl<R> Inner<R> {
    /// Keeps a panic for the end. (There is one cancel that wins, so none is there yet.)
    fn keep_panic(&self, payload: Payload) {
        let old = self.lock().details().panic.replace(payload);
        old.into_iter().for_each(forget);
    }

    pub(super) fn take_panic(&self) -> Option<Payload> {
        self.lock().details.as_mut()?.panic.take()
    }
}

impl<R: Runtime> Sources<'_, R> {
    fn poll_request(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cause>> {
        let mut this = self.project();
        let inner = &this.op.inner;
        inner.bell.listen(cx);
        // Acquire: see `Force`.
        if !*this.forced && inner.forced.load(Ordering::Acquire) {
            *this.forced = true;
            return Poll::Ready(Some(Cause::new(Reason::Manual)));
        }
        let deadline = inner.deadline.get();
        if deadline != *this.armed {
            *this.armed = deadline;
            let sleep = deadline.map(|at| DeadlineSource::new(inner.runtime.sleep_until(at)));
            this.sleep.set(sleep);
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            if let Poll::Ready(cause) = sleep.poll(cx) {
                this.sleep.set(None);
                return Poll::Ready(Some(cause));
            }
        }
        match this.others {
            Some(others) => others.poll(this.op, cx).map(Some),
            None => Poll::Pending,
        }
    }
}

impl Others {
    /// Starts them, if there are any. (The timer waits until the body does.)
    pub(super) fn start<R: Runtime>(op: &Operation<R>, sources: bool) -> Option<Box<Others>> {
        let sources = match sources {
            true => op.take_sources(),
            false => Vec::new(),
        };
        if sources.is_empty() && op.inner.setup.grace().is_zero() {
            return None;
        }
        let sources = sources.into_iter().map(|source| source.start(op));
        Some(Box::new(Others {
            sources: AnyOf {
                left: sources.collect(),
            },
            late: None,
        }))
    }

    fn poll<R: Runtime>(&mut self, op: &Operation<R>, cx: &mut Context<'_>) -> Poll<Cause> {
        if let Poll::Ready(Some(cause)) = Pin::new(&mut self.sources).poll_next(cx) {
            return Poll::Ready(cause);
        }
        if self.late.is_none() && op.is_cancelled() && !op.inner.setup.grace().is_zero() {
            let left = op.inner.upstream().filter(|token| !token.is_cancelled());
            self.late = Some(
                left.map(|token| Box::pin(token.cancelled_owned()))
                    .collect(),
            );
        }
        for token in self.late.iter_mut().flatten() {
            if let Poll::Ready(cancelled) = token.as_mut().poll(cx) {
                self.late = Some(Vec::new());
                return Poll::Ready(Cancelled::into(cancelled));
            }
        }
        Poll::Pending
    }
}
