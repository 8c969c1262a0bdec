//! Running an operation: what can be run, and what comes of it.

use super::drive::{Outcome, drive};
use super::{Operation, Runtime};
use cancel_core::{Cancelled, Token};
use std::fmt::Display;
use std::future::{Future, Ready};

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
    /// [`Reason::Error`](cancel_core::Reason::Error) and the message "operation has already run", its
    /// body is not called, and the context stays as it was.
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
    /// # Cancel safety
    ///
    /// Dropping the future after its first poll cancels the operation with
    /// [`Reason::Dropped`](cancel_core::Reason::Dropped), drops the body and ends the operation. Before
    /// the first poll it does nothing.
    ///
    /// # Fairness
    ///
    /// Whenever it is polled, the token is looked at first, then the body is polled, then the
    /// timer. So in a tie between body and timer the body wins.
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
        drive(self.clone(), body, no_cleanup::<R>(), plain, |result| {
            result
        })
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
        drive(self.clone(), body, no_cleanup::<R>(), fallible, |result| {
            result?
        })
    }

    /// As [`run`](Operation::run), and then runs `cleanup`, whatever the outcome.
    ///
    /// The body and what it borrowed are gone by then; both may refer to the same surroundings. The
    /// cleanup is awaited in full and cannot be cancelled: it runs after completion, cancelation (also
    /// before the body began) and a panic. It does not run if somebody drops the future, or refuses
    /// the run. [`finally`](Operation::finally) does the same for what the operation is set up with,
    /// which comes after this one.
    ///
    /// # Errors
    ///
    /// As [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Operation::run), and if the cleanup does. Whatever panics before the cleanup, goes on
    /// after it.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Operation::run). A cleanup that has begun is dropped with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let closed = std::sync::Mutex::new(false);
    /// let op = Cancelable::with_timeout(Duration::from_millis(5));
    /// let run = op.run_finally(
    ///     async |cx| cx.sleep(Duration::from_secs(3600)).await,
    ///     async |_| *closed.lock().unwrap() = true,
    /// );
    /// assert!(smol::block_on(run).is_err());
    /// assert!(closed.into_inner().unwrap());
    /// ```
    pub fn run_finally<T, F, K>(
        &self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, K, R>
    where
        F: AsyncFnOnce(&Operation<R>) -> T,
        K: AsyncFnOnce(&Operation<R>),
    {
        drive(self.clone(), body, Some(cleanup), plain, |result| result)
    }

    /// [`try_run`](Operation::try_run) with a cleanup, as [`run_finally`](Operation::run_finally).
    ///
    /// # Errors
    ///
    /// As [`try_run`](Operation::try_run).
    ///
    /// # Panics
    ///
    /// As [`run_finally`](Operation::run_finally).
    ///
    /// # Cancel safety
    ///
    /// As [`run_finally`](Operation::run_finally).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Status};
    ///
    /// let op = Cancelable::new();
    /// let run = op.try_run_finally(
    ///     async |cx| -> Result<(), Cancelled> { Ok(cx.check()?) },
    ///     async |cx| assert_eq!(cx.status(), Status::Running), // not over yet
    /// );
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// ```
    pub fn try_run_finally<T, E, F, K>(
        &self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, K, R>
    where
        E: From<Cancelled> + Display,
        F: AsyncFnOnce(&Operation<R>) -> Result<T, E>,
        K: AsyncFnOnce(&Operation<R>),
    {
        drive(self.clone(), body, Some(cleanup), fallible, |result| {
            result?
        })
    }
}

/// Any value is a good end.
fn plain<T>(result: Result<&T, &Cancelled>, _: &Token) -> Outcome {
    match result {
        Ok(_) => Outcome::Completed,
        Err(_) => Outcome::Cancelled(None),
    }
}

/// What a body's `Result` means for the status.
fn fallible<T, E: Display>(result: Result<&Result<T, E>, &Cancelled>, token: &Token) -> Outcome {
    match result {
        Ok(Ok(_)) => Outcome::Completed,
        Ok(Err(error)) => erred(error.to_string(), token),
        Err(_) => Outcome::Cancelled(None),
    }
}

/// The body has ended with an error of this text.
pub(crate) fn erred(error: String, token: &Token) -> Outcome {
    match token.is_cancelled() {
        true => Outcome::Cancelled(Some(error)),
        false => Outcome::Failed(error),
    }
}

type NoCleanup<R> = fn(&Operation<R>) -> Ready<()>;

pub(crate) fn no_cleanup<R>() -> Option<NoCleanup<R>> {
    None
}
