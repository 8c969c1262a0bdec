//! Running an operation: what can be run, and what comes of it.

use super::Runtime;
use super::base::{Cancelable, Cx};
use super::body::Body;
use super::drive::drive;
use super::ending::Cleanup;
use super::outcomes::{fallible, no_cleanup, plain};
use cancel_core::Cancelled;
use std::fmt::Display;
use std::future::Future;

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
    /// counts; the cause stays readable in the [context](crate::Operation::context). For bodies that use
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
