//! One call of a wrapped function.

use super::Runtime;
use super::base::Operation;
use cancel_core::Cancelled;
use pin_project::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A call of a wrapped function. Made by the functions that [`Cx::wrap`](crate::Cx::wrap) and
/// [`Cx::try_wrap`](crate::Cx::try_wrap) return.
///
/// # Panics
///
/// If it is polled again after it was ready.
///
/// # Examples
///
/// See [`Cx::wrap`](crate::Cx::wrap).
#[must_use = "futures do nothing unless awaited"]
#[pin_project]
pub struct Wrapped<R, W: Future, O> {
    op: Operation<R>,
    state: CallState,
    #[pin]
    work: Option<W>,
    finish: fn(Result<W::Output, Cancelled>) -> O,
}

#[derive(Debug)]
enum CallState {
    /// The check before the call failed.
    Refused(Cancelled),
    /// Called, and not polled yet.
    Called,
    /// Has given way.
    Yielded,
    Working,
    Over,
}

impl<R: Runtime, W: Future, O> Wrapped<R, W, O> {
    pub(super) fn new(
        op: &Operation<R>,
        f: impl FnOnce() -> W,
        finish: fn(Result<W::Output, Cancelled>) -> O,
    ) -> Self {
        let (state, work) = match op.check() {
            Ok(()) => (CallState::Called, Some(f())),
            Err(cancelled) => (CallState::Refused(cancelled), None),
        };
        Wrapped {
            op: op.clone(),
            state,
            work,
            finish,
        }
    }
}

impl<R: Runtime, W: Future, O> Future for Wrapped<R, W, O> {
    type Output = O;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let mut this = self.project();
        let refused = match &this.state {
            CallState::Refused(cancelled) => Some(cancelled.clone()),
            CallState::Called | CallState::Yielded => this.op.check().err(),
            CallState::Working | CallState::Over => None,
        };
        if let Some(cancelled) = refused {
            *this.state = CallState::Over;
            this.work.set(None);
            return Poll::Ready((this.finish)(Err(cancelled)));
        }
        if let CallState::Called = this.state {
            *this.state = CallState::Yielded;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(work) = this.work.as_mut().as_pin_mut() else {
            panic!("`Wrapped` polled after its end");
        };
        *this.state = CallState::Working;
        let output = ready!(work.poll(cx));
        *this.state = CallState::Over;
        this.work.set(None);
        Poll::Ready((this.finish)(Ok(output)))
    }
}

impl<R, W: Future, O> fmt::Debug for Wrapped<R, W, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wrapped")
            .field("operation", &self.op.id())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
