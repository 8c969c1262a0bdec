//! The runner: one future, which ends an operation properly whichever way it goes.
//!
//! The order at the end: cause recorded and token cancelled (with children and callbacks of
//! tokens), body dropped, cleanup, sources and registrations gone, outcome stored (once),
//! callbacks of the operation, return. Locals of `drive` are declared such that a drop keeps to it, too.

use super::Source;
use super::shield::{Around, Holding, Steering};
use super::sources::Sources;
use super::{Inner, Operation, Runtime};
use crate::callbacks::{CatchUnwind, Event, Work};
use crate::context::Status;
use crate::current::Ticket;
use crate::panics::{Payload, describe, forget};
use cancel_core::{Cancelled, Cause, Grace, Reason, Scope, StaticCause, Token};
use pin_project::pin_project;
use std::future::{Future, poll_fn};
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll};

pub(super) enum Outcome {
    Completed,
    /// With the error of a body that returned one nevertheless.
    Cancelled(Option<String>),
    Failed(String),
}

impl<R: Runtime> Inner<R> {
    /// Tells the callbacks of this operation and of its parts.
    pub(super) fn tell(&self, event: Event) {
        let mut context = None;
        for op in self.listeners() {
            if op.setup.callbacks.hear(event) {
                let context = context.get_or_insert_with(|| self.snapshot());
                op.setup.callbacks.event(event, context);
            }
        }
    }

    /// Whether it takes more than one poll from the cancelation to the end, whatever the body does.
    fn ends_slowly(&self) -> bool {
        let awaits = |op: &Inner<R>| {
            let callbacks = &op.setup.callbacks;
            callbacks.hear_async(Event::Cancel) || callbacks.has_queue()
        };
        !self.setup.grace().is_zero() || self.listeners().any(awaits)
    }

    /// And the asynchronous ones, one after the other. What is around this operation waits.
    async fn tell_async(&self, event: Event) {
        if !self
            .listeners()
            .any(|op| op.setup.callbacks.hear_async(event))
        {
            return;
        }
        let _holding = Holding::new(self);
        let context = self.snapshot();
        let listeners: Vec<&Inner<R>> = self.listeners().collect();
        for op in listeners {
            op.setup.callbacks.event_async(event, &context).await;
        }
    }
}

impl<R: Runtime> Operation<R> {
    /// Pending to running, for the one runner.
    pub(super) fn begin(&self) -> Result<Running<'_, R>, Cancelled> {
        let now = self.inner.runtime.now();
        let mut state = self.inner.lock();
        if state.combined {
            drop(state);
            return Err(refused(&COMBINED));
        }
        if state.status != Status::Pending {
            drop(state);
            return Err(refused(&AGAIN));
        }
        state.status = Status::Running;
        state.started = Some(now);
        let deadlines = [self.inner.deadline.get(), now.checked_add(state.timeout)];
        self.inner
            .deadline
            .begin(deadlines.into_iter().flatten().min());
        drop(state);
        Ok(Running { op: self })
    }

    /// What was set up to be started, and to be done at the end.
    pub(super) fn take_pending(&self) -> (Vec<Source<R>>, Vec<AtEnd<R>>) {
        match self.inner.lock().pending.take() {
            Some(pending) => (pending.sources, pending.cleanups),
            None => (Vec::new(), Vec::new()),
        }
    }

    fn end(&self, outcome: Outcome) -> Event {
        let (status, event, error) = match outcome {
            Outcome::Completed => (Status::Completed, Event::Complete, None),
            Outcome::Cancelled(error) => (Status::Cancelled, Event::Cancel, error),
            Outcome::Failed(error) => (Status::Failed, Event::Error, Some(error)),
        };
        let inner = &*self.inner;
        let now = inner.runtime.now();
        let cause = inner.live_cause();
        let mut state = inner.lock();
        state.status = status;
        state.ended = Some(now);
        state.cause = cause;
        if error.is_some() {
            state.details().error = error;
        }
        inner.deadline.set(None);
        let pending = state.pending.take(); // of a run that was dropped early
        let details = state.details.as_mut();
        let watchers = details.map_or(Vec::new(), |details| take(&mut details.watchers));
        drop(state);
        inner.wake(watchers);
        // Contained, since this may be part of an unwinding.
        if pending.is_some() {
            inner.setup.callbacks.contain(|| drop(pending));
        }
        if let Some(waker) = inner.bell.silence() {
            inner.setup.callbacks.contain(|| drop(waker));
        }
        inner.tell(event);
        event
    }
}

pub(super) type AtEnd<R> = Box<dyn FnOnce(Operation<R>) -> Work + Send>;

static AGAIN: StaticCause = StaticCause::new(Reason::Error, "operation has already run");
static COMBINED: StaticCause =
    StaticCause::new(Reason::Error, "operation has become a part of another one");

fn refused(why: &'static StaticCause) -> Cancelled {
    Cancelled::from(Cause::from(why))
}

pub(super) async fn drive<R, F, K, T, C, O>(
    op: Operation<R>,
    body: F,
    cleanup: Option<K>,
    outcome: C,
    output: fn(Result<T, Cancelled>) -> O,
) -> O
where
    R: Runtime,
    F: AsyncFnOnce(&Operation<R>) -> T,
    K: AsyncFnOnce(&Operation<R>),
    C: FnOnce(Result<&T, &Cancelled>, &Token) -> Outcome,
{
    let running = match op.begin() {
        Ok(running) => running,
        Err(refused) => return output(Err(refused)),
    };
    let late_panic = Mutex::new(None);
    let (sources, cleanups) = op.take_pending();
    let has_cleanup = cleanup.is_some() || !cleanups.is_empty();
    let _around = (has_cleanup || op.inner.ends_slowly()).then(|| Around::new(&op.inner));
    let result = {
        if op.check().is_ok() {
            op.inner.tell(Event::Start);
            let mut waiting = Waiting {
                op: &op,
                abandoned: true,
            };
            op.inner.tell_async(Event::Start).await;
            waiting.abandoned = false;
        }
        let mut running_body = Body {
            future: None,
            panic: None,
            op: &op,
            ticket: Ticket::new(op.inner.clone()),
        };
        // A panic of the body, in making its future, too, is caught: the operation ends first.
        let sources = match op.token().is_cancelled() {
            true => {
                drop(body);
                drop(sources);
                Vec::new()
            }
            false => {
                match catch_unwind(AssertUnwindSafe(|| body(&op))) {
                    Ok(future) => running_body.future = Some(future),
                    Err(payload) => running_body.panic = Some(payload),
                }
                sources
            }
        };
        let has_end = has_cleanup || op.inner.setup.callbacks.has_queue();
        let at_end = async || {
            poll_fn(|cx| op.inner.setup.callbacks.poll_queue(cx)).await;
            // The nearest to the body first.
            if let Some(cleanup) = cleanup {
                keep(&late_panic, async { cleanup(&op).await }).await;
            }
            for cleanup in cleanups {
                keep(&late_panic, async { cleanup(op.clone()).await }).await;
            }
        };
        let scope = Scope::new(&**op.token(), running_body)
            .sources(Sources::start(&op, sources))
            .shields(Steering(&op))
            .grace_with(GraceOf(&op))
            .finally(has_end.then_some(at_end));
        let mut scope = pin!(scope);
        let mut waiting = Waiting {
            op: &op,
            abandoned: true,
        };
        poll_fn(|cx| {
            waiting.abandoned = false;
            let poll = scope.as_mut().poll(cx);
            waiting.abandoned = poll.is_pending();
            poll
        })
        .await
    };
    let late_panic = late_panic.into_inner().ok().flatten();
    let (event, result) = match (result, late_panic) {
        (Ok(Err(payload)), second) => {
            second.into_iter().for_each(forget);
            let event = running.end(Outcome::Failed(describe(&*payload)));
            (event, Err(payload))
        }
        (_, Some(payload)) => {
            let event = running.end(Outcome::Failed(describe(&*payload)));
            (event, Err(payload))
        }
        (Err(cancelled), None) => {
            let outcome = outcome(Err(&cancelled), op.token());
            (running.end(outcome), Ok(Err(cancelled)))
        }
        (Ok(Ok(value)), None) => {
            let outcome = outcome(Ok(&value), op.token());
            (running.end(outcome), Ok(Ok(value)))
        }
    };
    op.inner.tell_async(event).await;
    match result {
        Ok(result) => output(result),
        Err(payload) => resume_unwind(payload),
    }
}

/// Runs work of the end. Its panic is kept, and the rest of the end goes on.
async fn keep(first: &Mutex<Option<Payload>>, work: impl Future<Output = ()>) {
    if let Err(payload) = (CatchUnwind { future: work }).await {
        let mut first = first.lock().unwrap_or_else(|poison| poison.into_inner());
        match *first {
            None => *first = Some(payload),
            Some(_) => {
                drop(first);
                forget(payload);
            }
        }
    }
}

/// The body, beside the asynchronous progress callbacks of its operation.
#[pin_project]
struct Body<'a, R: Runtime, F> {
    #[pin]
    future: Option<F>,
    /// It could not even be made.
    panic: Option<Payload>,
    op: &'a Operation<R>,
    ticket: Ticket,
}

impl<R: Runtime, F: Future> Future for Body<'_, R, F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(payload) = this.panic.take() {
            return Poll::Ready(Err(payload));
        }
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Pending; // the token is cancelled, and this is never polled
        };
        let shown = this.ticket.show();
        let poll = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        drop(shown);
        match poll {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => Poll::Ready(Err(payload)),
            Ok(Poll::Pending) => {
                let _ = this.op.inner.setup.callbacks.poll_queue(cx);
                Poll::Pending
            }
        }
    }
}

/// The operation's grace period.
struct GraceOf<'a, R>(&'a Operation<R>);

impl<R: Runtime> Grace for GraceOf<'_, R> {
    type Sleep = Pin<Box<R::Sleep>>;

    fn begin(&mut self) -> Option<Self::Sleep> {
        let grace = self.0.inner.setup.grace();
        (!grace.is_zero()).then(|| Box::pin(self.0.inner.runtime.sleep(grace)))
    }
}

/// The one runner of an operation, from its first step to its last, which it makes in any case.
pub(super) struct Running<'a, R: Runtime> {
    op: &'a Operation<R>,
}

impl<R: Runtime> Running<'_, R> {
    pub(super) fn end(self, outcome: Outcome) -> Event {
        let op = self.op;
        std::mem::forget(self);
        op.end(outcome)
    }
}

impl<R: Runtime> Drop for Running<'_, R> {
    fn drop(&mut self) {
        self.op.end(match self.op.is_cancelled() {
            true => Outcome::Cancelled(None),
            false => Outcome::Failed(String::from("panicked")),
        });
    }
}

/// A run that is dropped while it waits cancels its operation.
struct Waiting<'a, R: Runtime> {
    op: &'a Operation<R>,
    abandoned: bool,
}

impl<R: Runtime> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        if self.abandoned {
            // Contained, since this may be part of an unwinding already.
            self.op.inner.setup.callbacks.contain(|| {
                self.op.cancel_with(Reason::Dropped);
            });
        }
    }
}
