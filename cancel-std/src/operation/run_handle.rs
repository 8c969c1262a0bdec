//! Running an operation by its handle: as a set-up is run, once.

use super::Runtime;
use super::base::{Cx, Operation};
use super::body::Body;
use super::drive::drive;
use super::ending::Cleanup;
use super::outcomes::{fallible, no_cleanup, plain};
use cancel_core::Cancelled;
use std::fmt::Display;
use std::future::Future;

impl<R: Runtime> Operation<R> {
    /// Runs `body` until it is ready or the operation is cancelled, whichever comes first: as
    /// [`Cancelable::run`](crate::Cancelable::run), with a handle to watch and to cancel it.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run). An operation runs once: a second run is refused with
    /// [`Reason::Error`](cancel_core::Reason::Error) and the message "operation has already run", its
    /// body is not called, and the context stays as it was.
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run).
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run).
    ///
    /// # Fairness
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run).
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

    /// Runs a body that can fail: as [`Cancelable::try_run`](crate::Cancelable::try_run), once.
    ///
    /// # Errors
    ///
    /// As [`Cancelable::try_run`](crate::Cancelable::try_run), and for a second run as [`run`](Operation::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run).
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run`](crate::Cancelable::run).
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

    /// Runs a body, and then a cleanup: as [`Cancelable::run_finally`](crate::Cancelable::run_finally), once.
    ///
    /// # Errors
    ///
    /// As [`run`](crate::Cancelable::run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_finally`](crate::Cancelable::run_finally).
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_finally`](crate::Cancelable::run_finally).
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

    /// Runs a body that can fail, and then a cleanup: as [`Cancelable::try_run_finally`](crate::Cancelable::try_run_finally), once.
    ///
    /// # Errors
    ///
    /// As [`try_run`](crate::Cancelable::try_run).
    ///
    /// # Panics
    ///
    /// As [`Cancelable::run_finally`](crate::Cancelable::run_finally).
    ///
    /// # Cancel safety
    ///
    /// As [`Cancelable::run_finally`](crate::Cancelable::run_finally).
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
