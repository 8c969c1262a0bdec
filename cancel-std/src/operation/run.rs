//! Running an operation: one future, which ends it properly whichever way it goes.
//!
//! The order at the end: cause recorded and token cancelled (with children and callbacks of
//! tokens), body dropped, timer and registrations gone, outcome stored (once), callbacks of the
//! operation, return. Locals of `drive` are declared such that a drop keeps to it, too.

use super::{Operation, Runtime};
use crate::callbacks::Event;
use crate::context::Status;
use cancel_core::{Cancelled, Cause, Reason, Scope, StaticCause, Token};
use pin_project::pin_project;
use std::any::Any;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

type Payload = Box<dyn Any + Send>;

/// How an operation ends.
enum Outcome {
    Completed,
    /// With the text of the error that the body returned, if it did.
    Cancelled(Option<String>),
    Failed(String),
}

impl<R: Runtime> Operation<R> {
    /// Runs `body` until it is ready or the operation is cancelled, whichever comes first.
    ///
    /// The body is an async closure that gets the operation. On the first trigger (its timeout, a
    /// token, its parent, a `cancel` by anyone) the operation's token is cancelled and the body
    /// dropped where it waits. An operation that is cancelled beforehand, or has no time at all,
    /// never calls the body.
    ///
    /// The future keeps a handle of the operation and borrows nothing. It needs no executor, and
    /// is `Send` if the body is:
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(10));
    /// let task = smol::spawn(op.run(async |cx| {
    ///     cx.report_progress("working");
    ///     cx.sleep(Duration::from_millis(5)).await;
    ///     5
    /// }));
    /// assert_eq!(smol::block_on(task), Ok(5));
    /// ```
    ///
    /// # Returns
    ///
    /// The body's value. If the body returns in the very poll in which it was cancelled, its value
    /// counts; the cause stays readable in the [context](Operation::context). For bodies that use
    /// `?`, see [`try_run`](Operation::try_run): here, an `Err` is a value like any other.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the cause. An operation runs once: a second run is refused with
    /// [`Reason::Error`] and the message "operation has already run", its body is not called, and
    /// the context stays as it was.
    ///
    /// # Panics
    ///
    /// If the body panics: the operation is ended first (status *failed*). Also with the first
    /// panic of the token's wakers and callbacks, if it is the timeout that cancels it.
    ///
    /// # Common errors
    ///
    /// The compiler's words for them are not always clear:
    ///
    /// * `run(|cx| async move { .. })`: that is a closure which returns a future, and the future
    ///   may not use `cx`. Write `run(async |cx| { .. })`.
    /// * "type annotations needed" at [`try_run`](Operation::try_run): `?` does not tell the error
    ///   type. Name it: `try_run(async |cx| -> Result<_, MyError> { .. })`.
    /// * A function `async fn body(cx: &Cancelable)` needs no closure around it: `run(body)`.
    ///
    /// # Fairness
    ///
    /// Whenever it is polled, the token is looked at first, then the body is polled, then the
    /// timer. So in a tie between body and timer the body wins.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future after its first poll cancels the operation with [`Reason::Dropped`],
    /// drops the body and ends the operation. Before the first poll it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Status};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap");
    /// let result = smol::block_on(op.run(async |cx| {
    ///     cx.sleep(Duration::from_secs(3600)).await;
    ///     "slept well"
    /// }));
    /// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    /// assert_eq!(op.status(), Status::Cancelled);
    /// ```
    pub fn run<T, F>(&self, body: F) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: AsyncFnOnce(&Operation<R>) -> T,
    {
        drive(
            self.clone(),
            body,
            |_, _| Outcome::Completed,
            |result| result,
        )
    }

    /// Runs a body that can fail. Its error type takes cancelations, too, so that `?` works for
    /// both.
    ///
    /// Otherwise as [`run`](Operation::run).
    ///
    /// # Errors
    ///
    /// The body's error: if the operation is cancelled at that moment, it counts as *cancelled*
    /// (its [`check`](Operation::check) has told the body, say), otherwise as *failed*, which calls
    /// `on_error`; its text is in the [context](crate::Context::error) both times. Or a
    /// [`Cancelled`] as in [`run`](Operation::run), converted.
    ///
    /// # Panics
    ///
    /// As [`run`](Operation::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Operation::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    /// use std::error::Error;
    ///
    /// let op = Cancelable::new();
    /// let result = smol::block_on(op.try_run(async |cx| -> Result<u32, Box<dyn Error>> {
    ///     cx.check()?;
    ///     Ok("no number".parse::<u32>()?)
    /// }));
    /// assert!(result.is_err());
    /// assert_eq!(op.status(), Status::Failed);
    /// assert_eq!(op.context().error(), Some("invalid digit found in string"));
    /// ```
    pub fn try_run<T, E, F>(&self, body: F) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display,
        F: AsyncFnOnce(&Operation<R>) -> Result<T, E>,
    {
        let outcome = |result: &Result<T, E>, token: &Token| match result {
            Ok(_) => Outcome::Completed,
            Err(error) if token.is_cancelled() => Outcome::Cancelled(Some(error.to_string())),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        drive(self.clone(), body, outcome, |result| result?)
    }

    fn begin(&self) -> Result<Running<'_, R>, Cancelled> {
        let now = self.inner.runtime.now();
        let mut state = self.inner.lock();
        if state.status != Status::Pending {
            drop(state);
            return Err(already_run());
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

    /// The last step. Calls the callbacks.
    fn end(&self, outcome: Outcome) {
        let (status, event, error) = match outcome {
            Outcome::Completed => (Status::Completed, Event::Complete, None),
            Outcome::Cancelled(error) => (Status::Cancelled, Event::Cancel, error),
            Outcome::Failed(error) => (Status::Failed, Event::Error, Some(error)),
        };
        let now = self.inner.runtime.now();
        let cause = self.token().cause();
        let mut state = self.inner.lock();
        state.status = status;
        state.ended = Some(now);
        state.cause = cause;
        state.error = error;
        self.inner.deadline.set(None);
        drop(state);
        if let Some(waker) = self.inner.deadline.take_waker() {
            // Contained, since this may be part of an unwinding.
            self.inner.callbacks.contain(|| drop(waker));
        }
        self.inner.callbacks.event(event, || self.inner.snapshot());
    }
}

/// The error of a second run.
fn already_run() -> Cancelled {
    static AGAIN: StaticCause = StaticCause::new(Reason::Error, "operation has already run");

    Cancelled::from(Cause::from(&AGAIN))
}

async fn drive<R, F, T, O>(
    op: Operation<R>,
    body: F,
    outcome: fn(&T, &Token) -> Outcome,
    output: fn(Result<T, Cancelled>) -> O,
) -> O
where
    R: Runtime,
    F: AsyncFnOnce(&Operation<R>) -> T,
{
    let running = match op.begin() {
        Ok(running) => running,
        Err(again) => return output(Err(again)),
    };
    let result = 'body: {
        if op.check().is_ok() {
            op.inner
                .callbacks
                .event(Event::Start, || op.inner.snapshot());
        }
        if let Err(cancelled) = op.token().check() {
            drop(body);
            break 'body Err(cancelled);
        }
        // Panics of the body are caught, so that the operation ends before they go on.
        let body = match catch_unwind(AssertUnwindSafe(|| body(&op))) {
            Ok(future) => CatchUnwind { future },
            Err(payload) => break 'body Ok(Err(payload)),
        };
        let passed = op.inner.deadline.passed(&op.inner.runtime);
        let mut scope = pin!(Scope::new(&**op.token(), body).source(passed));
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
    match result {
        Err(cancelled) => {
            running.end(Outcome::Cancelled(None));
            output(Err(cancelled))
        }
        Ok(Err(payload)) => {
            running.end(Outcome::Failed(describe(&*payload)));
            resume_unwind(payload)
        }
        Ok(Ok(value)) => {
            let outcome = outcome(&value, op.token());
            running.end(outcome);
            output(Ok(value))
        }
    }
}

/// An operation that has begun and has to end.
struct Running<'a, R: Runtime> {
    op: &'a Operation<R>,
}

impl<R: Runtime> Running<'_, R> {
    fn end(self, outcome: Outcome) {
        let op = self.op;
        std::mem::forget(self);
        op.end(outcome);
    }
}

/// The run was dropped, or a panic of foreign code other than the body goes through it: a token's
/// callback, a destructor of the body, the text of an error.
impl<R: Runtime> Drop for Running<'_, R> {
    fn drop(&mut self) {
        self.op.end(match self.op.is_cancelled() {
            true => Outcome::Cancelled(None),
            false => Outcome::Failed(String::from("panicked")),
        });
    }
}

/// A run that has started. Goes before the body when it is dropped.
struct Waiting<'a, R: Runtime> {
    op: &'a Operation<R>,
    /// Not being polled, and not finished: if dropped now, it is by whoever owns the run.
    abandoned: bool,
}

impl<R: Runtime> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        if self.abandoned {
            // Contained, since this may be part of an unwinding already.
            self.op.inner.callbacks.contain(|| {
                self.op.cancel_with(Reason::Dropped);
            });
        }
    }
}

/// A future whose panic is a result.
#[pin_project]
struct CatchUnwind<F> {
    #[pin]
    future: F,
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

/// The message of a panic.
fn describe(payload: &(dyn Any + Send)) -> String {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some(*text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    };
    match text {
        Some(text) => format!("panicked: {text}"),
        None => String::from("panicked"),
    }
}
