//! The end of an operation: what comes of it, and who is told.

use super::Runtime;
use super::base::Operation;
use super::nest::Above;
use super::registered::Leaving;
use crate::basics::panics::{Payload, describe};
use crate::current;
use crate::report::callbacks::Event;
use crate::report::status::Status;
use crate::report::trace;
use std::any::Any;
use std::mem::take;

/// How a run has ended. With its panic, if it was one.
pub(super) type Ended = (Event, Option<Payload>);

/// What has come of a run, before it ends with that.
pub(super) enum Outcome<'e> {
    Completed,
    /// With the error of a body that returned one nevertheless.
    Cancelled(Option<String>),
    /// With the text of the error, and itself, if it is there.
    Failed(String, Option<&'e dyn Any>),
    /// Failed, with a panic that goes on after the end.
    Panicked(Payload),
}

impl<R: Runtime> Operation<R> {
    /// Tells the callbacks of this operation. True: there are some, which may have taken their time.
    #[inline]
    pub(super) fn tell(&self, event: Event) -> bool {
        let told = self.inner.setup.callbacks.hear(event) || trace::hears(event);
        if told {
            current::within(self, || self.tell_listeners(event));
        }
        told
    }

    /// Tells those who wait for an error of this type.
    pub(super) fn tell_error(&self, error: &dyn Any) {
        let callbacks = &self.inner.setup.callbacks;
        if callbacks.hear_errors() {
            current::within(self, || {
                let _inside = self.inner.trace.enter();
                callbacks.error(&self.inner.snapshot(), error);
            });
        }
    }

    fn tell_listeners(&self, event: Event) {
        let inner = &*self.inner;
        let _inside = inner.trace.enter();
        let context = inner.snapshot();
        let callbacks = &inner.setup.callbacks;
        if trace::hears(event) {
            callbacks.contain(|| trace::event(event, &context));
        }
        callbacks.event(event, &context);
    }

    /// `lost`: there is a cleanup that has not run to its end.
    fn end(&self, outcome: Outcome<'_>, lost: bool) -> Ended {
        let (mut panic, mut typed) = (None, None);
        let (status, event, error) = match outcome {
            Outcome::Completed => (Status::Completed, Event::Complete, None),
            Outcome::Cancelled(error) => (Status::Cancelled, Event::Cancel, error),
            Outcome::Failed(text, error) => {
                typed = error;
                (Status::Failed, Event::Error, Some(text))
            }
            Outcome::Panicked(payload) => {
                let text = describe(&*payload);
                panic = Some(payload);
                (Status::Failed, Event::Error, Some(text))
            }
        };
        let inner = &*self.inner;
        // Contained, or a clock that panics would leave the operation running.
        let mut now = None;
        inner
            .setup
            .callbacks
            .contain(|| now = Some(inner.runtime.now()));
        let cause = inner.live_cause();
        let mut state = inner.lock();
        state.status = status;
        state.ended = now.or(state.started); // (the latest moment that is known)
        state.cause = cause;
        if error.is_some() {
            state.details().error = error;
        }
        if lost {
            state.details().cleanup_lost = true;
        }
        inner.deadline.set(None);
        let registries = match state.registries.is_empty() {
            true => None,
            false => Some(take(&mut state.registries)),
        };
        let pending = state.pending.take(); // of a run that was dropped early
        let watchers = match &mut state.details {
            Some(details) => take(&mut details.watchers),
            None => Vec::new(),
        };
        drop(state);
        if !watchers.is_empty() {
            inner.wake(watchers);
        }
        // Contained, since this may be part of an unwinding.
        if pending.is_some() {
            let dropped = || inner.setup.callbacks.contain(|| drop(pending));
            current::within(self, dropped);
        }
        if lost {
            trace::warn(self.id(), || {
                String::from("lost its cleanup: its run was dropped")
            });
        }
        let _leaving = registries.map(|registries| Leaving::new(inner, registries));
        self.tell(event);
        if let Some(error) = typed {
            self.tell_error(error);
        }
        current::within(self, || inner.setup.callbacks.drop_queue());
        inner.trace.close();
        (event, panic)
    }
}

/// The one runner of an operation, from its first step to its last, which it makes in any case.
pub(super) struct Running<'a, R: Runtime> {
    pub(super) op: &'a Operation<R>,
    pub(super) above: Above,
    /// There is a cleanup that has not run to its end.
    pub(super) owes_cleanup: bool,
}

impl<R: Runtime> Running<'_, R> {
    pub(super) fn end(mut self, outcome: Outcome<'_>) -> Ended {
        let (op, _above) = (self.op, take(&mut self.above));
        std::mem::forget(self);
        op.end(outcome, false)
    }
}

impl<R: Runtime> Drop for Running<'_, R> {
    fn drop(&mut self) {
        let outcome = match self.op.inner.is_cancelled() {
            true => Outcome::Cancelled(None),
            false => Outcome::Failed(String::from("panicked"), None),
        };
        self.op.end(outcome, self.owes_cleanup);
    }
}
