//! Running an operation: what can be run, and what comes of it.

use super::Runtime;
use super::base::{Cancelable, Cx, Operation};
use super::body::Body;
use super::drive::{Cleanup, drive};
use super::end::{Ended, Outcome, Running};
use cancel_core::{Cancelled, Token};
use std::any::Any;
use std::fmt::Display;
use std::future::{Future, Ready};
use std::panic::{AssertUnwindSafe, catch_unwind};

impl<R: Runtime> Cancelable<R> {
    /// Runs `body` until it is ready or the operation is cancelled, whichever comes first.
    ///
    /// The body is an async closure that gets the operation's [`Cx`]. On the first trigger (its timeout, a
    /// token, its parent, a `cancel` by anyone) the operation's token is cancelled and the body
    /// dropped where it waits. An operation that is cancelled beforehand, or has no time at all,
    /// never calls the body.
    ///
    /// The operation is [built](Cancelable::build) by this call; the future keeps a handle of it and
    /// borrows nothing. It needs no executor, and
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
    /// `?`, see [`try_run`](Cancelable::try_run): here, an `Err` is a value like any other.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the cause.
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
    /// * "type annotations needed" at [`try_run`](Cancelable::try_run): `?` does not tell the error
    ///   type. Name it: `try_run(async |cx| -> Result<_, MyError> { .. })`.
    /// * A function `async fn body(cx: &Cx)` needs no closure around it: `run(body)`.
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
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).name("nap").build();
    /// let result = smol::block_on(op.run(async |cx| {
    ///     cx.sleep(Duration::from_secs(3600)).await;
    ///     "slept well"
    /// }));
    /// assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    /// assert_eq!(op.status(), Status::Cancelled);
    /// ```
    pub fn run<T, F>(self, body: F) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: Body<Cx<R>, T>,
    {
        drive(
            Cx::new(self.build()),
            body,
            no_cleanup::<R>(),
            plain,
            |result| result,
        )
    }

    /// Runs a body that can fail. Its error type takes cancelations, too, so that `?` works for
    /// both: [`Cancelled`] itself, `Box<dyn Error>`, `std::io::Error`, or your own with a `From<Cancelled>`.
    ///
    /// Otherwise as [`run`](Cancelable::run).
    ///
    /// # Errors
    ///
    /// The body's error: if the operation is cancelled at that moment, it counts as *cancelled*
    /// (its [`check`](Cx::check) has told the body, say), otherwise as *failed*, which calls
    /// `on_error`; its text is in the [context](crate::Context::error) both times. Or a
    /// [`Cancelled`] as in [`run`](Cancelable::run), converted.
    ///
    /// # Panics
    ///
    /// As [`run`](Cancelable::run). A panic of the error's `Display` is one of the body.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Cancelable::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    /// use std::error::Error;
    ///
    /// let op = Cancelable::new().build();
    /// let result = smol::block_on(op.try_run(async |cx| -> Result<u32, Box<dyn Error>> {
    ///     cx.check()?;
    ///     Ok("no number".parse::<u32>()?)
    /// }));
    /// assert!(result.is_err());
    /// assert_eq!(op.status(), Status::Failed);
    /// assert_eq!(op.context().error(), Some("invalid digit found in string"));
    /// ```
    pub fn try_run<T, E, F>(self, body: F) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: Body<Cx<R>, Result<T, E>>,
    {
        drive(
            Cx::new(self.build()),
            body,
            no_cleanup::<R>(),
            fallible,
            |result| result?,
        )
    }

    /// As [`run`](Cancelable::run), and then runs `cleanup`, whatever the outcome.
    ///
    /// The body and what it borrowed are gone by then; both may refer to the same surroundings. The
    /// cleanup is awaited in full and not cancelled with the operation. Its `Cx` is its own, as that of
    /// [`finally`](Cancelable::finally). It runs after completion, cancelation (also
    /// before the body began) and a panic. It does not run if somebody drops the future, or refuses
    /// the run. [`finally`](Cancelable::finally) does the same for what the operation is set up with,
    /// which comes after this one.
    ///
    /// # Errors
    ///
    /// As [`run`](Cancelable::run).
    ///
    /// # Panics
    ///
    /// As [`run`](Cancelable::run), and if the cleanup does. Whatever panics before the cleanup, goes on
    /// after it.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Cancelable::run). A cleanup that has begun is dropped with it.
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
        self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, K, R>
    where
        F: Body<Cx<R>, T>,
        K: Body<Cx<R>, ()>,
    {
        drive(
            Cx::new(self.build()),
            body,
            Cleanup::Given(cleanup),
            plain,
            |result| result,
        )
    }

    /// [`try_run`](Cancelable::try_run) with a cleanup, as [`run_finally`](Cancelable::run_finally).
    ///
    /// # Errors
    ///
    /// As [`try_run`](Cancelable::try_run).
    ///
    /// # Panics
    ///
    /// As [`run_finally`](Cancelable::run_finally).
    ///
    /// # Cancel safety
    ///
    /// As [`run_finally`](Cancelable::run_finally).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Status};
    ///
    /// let op = Cancelable::new();
    /// let run = op.try_run_finally(
    ///     async |cx| -> Result<(), Cancelled> { Ok(cx.check()?) },
    ///     async |cx| assert_eq!(cx.operation().status(), Status::Running), // not over yet
    /// );
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// ```
    pub fn try_run_finally<T, E, F, K>(
        self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, K, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: Body<Cx<R>, Result<T, E>>,
        K: Body<Cx<R>, ()>,
    {
        drive(
            Cx::new(self.build()),
            body,
            Cleanup::Given(cleanup),
            fallible,
            |result| result?,
        )
    }
}

impl<R: Runtime> Operation<R> {
    /// Runs `body` until it is ready or the operation is cancelled, whichever comes first: as
    /// [`Cancelable::run`], with a handle to watch and to cancel it.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::run`]. An operation runs once: a second run is refused with
    /// [`Reason::Error`](cancel_core::Reason::Error) and the message "operation has already run", its
    /// body is not called, and the context stays as it was.
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run`].
    ///
    /// # Fairness
    ///
    /// As [`Cancelable::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    /// let again = smol::block_on(op.run(async |_| 6)).unwrap_err();
    /// assert_eq!((again.reason(), again.message()), (Reason::Error, Some("operation has already run")));
    /// ```
    pub fn run<T, F>(&self, body: F) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, R>
    where
        F: Body<Cx<R>, T>,
    {
        let ctx = Cx::new(self.clone());
        drive(ctx, body, no_cleanup::<R>(), plain, |result| result)
    }

    /// Runs a body that can fail: as [`Cancelable::try_run`], once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::try_run`], and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Status};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run(async |cx| -> Result<(), Cancelled> { cx.check() });
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// assert_eq!(op.status(), Status::Completed);
    /// ```
    pub fn try_run<T, E, F>(&self, body: F) -> impl Future<Output = Result<T, E>> + use<T, E, F, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: Body<Cx<R>, Result<T, E>>,
    {
        let ctx = Cx::new(self.clone());
        drive(ctx, body, no_cleanup::<R>(), fallible, |result| result?)
    }

    /// Runs a body, and then a cleanup: as [`Cancelable::run_finally`], once.
    ///
    /// # Errors
    ///
    /// As [`run`](Cancelable::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_finally`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_finally`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Status};
    ///
    /// let op = Cancelable::new().build();
    /// op.cancel();
    /// let run = op.run_finally(
    ///     async |_| unreachable!("cancelled before"),
    ///     async |cx| assert_eq!(cx.operation().status(), Status::Running), // not over yet
    /// );
    /// assert!(smol::block_on(run).is_err());
    /// ```
    pub fn run_finally<T, F, K>(
        &self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<T, F, K, R>
    where
        F: Body<Cx<R>, T>,
        K: Body<Cx<R>, ()>,
    {
        let ctx = Cx::new(self.clone());
        drive(ctx, body, Cleanup::Given(cleanup), plain, |result| result)
    }

    /// Runs a body that can fail, and then a cleanup: as [`Cancelable::try_run_finally`], once.
    ///
    /// # Errors
    ///
    /// As [`try_run`](Cancelable::try_run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_finally`].
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_finally`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    ///
    /// let op = Cancelable::new().build();
    /// let run = op.try_run_finally(
    ///     async |cx| -> Result<(), Cancelled> { cx.check() },
    ///     async |cx| cx.report_progress("closed"),
    /// );
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// assert_eq!(op.context().progress().unwrap().message(), "closed");
    /// ```
    pub fn try_run_finally<T, E, F, K>(
        &self,
        body: F,
        cleanup: K,
    ) -> impl Future<Output = Result<T, E>> + use<T, E, F, K, R>
    where
        E: From<Cancelled> + Display + 'static,
        F: Body<Cx<R>, Result<T, E>>,
        K: Body<Cx<R>, ()>,
    {
        let ctx = Cx::new(self.clone());
        drive(ctx, body, Cleanup::Given(cleanup), fallible, |result| {
            result?
        })
    }
}

/// Any value is a good end.
fn plain<R: Runtime, T>(result: Result<&T, &Cancelled>, _: &Token, run: Running<'_, R>) -> Ended {
    run.end(match result {
        Ok(_) => Outcome::Completed,
        Err(_) => Outcome::Cancelled(None),
    })
}

/// What a body's `Result` means for the status.
pub(super) fn fallible<R: Runtime, T, E: Display + 'static>(
    result: Result<&Result<T, E>, &Cancelled>,
    token: &Token,
    run: Running<'_, R>,
) -> Ended {
    run.end(match result {
        Ok(Ok(_)) => Outcome::Completed,
        Ok(Err(error)) => erred(error, Some(error), token),
        Err(_) => Outcome::Cancelled(None),
    })
}

/// The body has ended with this error. Its text is foreign code: a panic of that is one of the body.
pub(super) fn erred<'e>(
    text: &impl Display,
    error: Option<&'e dyn Any>,
    token: &Token,
) -> Outcome<'e> {
    match catch_unwind(AssertUnwindSafe(|| text.to_string())) {
        Ok(text) if token.is_cancelled() => Outcome::Cancelled(Some(text)),
        Ok(text) => Outcome::Failed(text, error),
        Err(payload) => Outcome::Panicked(payload),
    }
}

type NoCleanup<R> = fn(&Cx<R>) -> Ready<()>;

pub(super) fn no_cleanup<R>() -> Cleanup<NoCleanup<R>> {
    Cleanup::None
}
