//! The time of what runs: its deadline, its checks, its sleeps.

use super::Runtime;
use super::base::{Cx, Operation};
use crate::basics::give_way::waited;
use cancel_core::{Cancelled, Check, Instant, IntoDeadline};
use std::future::Future;
use std::time::Duration;

impl<R: Runtime> Cx<R> {
    /// Returns `Err` if the work here is cancelled, or if its effective deadline has passed, which
    /// cancels the operation that the deadline belongs to (this one or a running ancestor) with
    /// [`Reason::Timeout`](cancel_core::Reason::Timeout).
    ///
    /// So a body that never awaits still stops in time. Reads the clock if there is a deadline.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the real cause.
    ///
    /// # Panics
    ///
    /// As [`Operation::cancel`], if the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5));
    /// let run = op.try_run(async |cx| -> Result<(), Cancelled> {
    ///     loop {
    ///         cx.check()?; // works on and on, without any await
    ///     }
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    pub fn check(&self) -> Result<(), Cancelled> {
        self.scope.check()
    }

    /// Returns whether the work here is cancelled, or its effective deadline has passed: whether
    /// [`check`](Cx::check) returns `Err`. Otherwise as [`Operation::is_cancelled`].
    ///
    /// # Panics
    ///
    /// As [`Operation::cancel`], if the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let run = op.run(async |cx| {
    ///     while !cx.is_cancelled() {} // works on and on, without any await
    /// });
    /// assert_eq!(smol::block_on(run), Ok(()));
    /// assert_eq!(op.context().reason(), Some(Reason::Timeout));
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.scope.is_cancelled()
    }

    /// Returns the effective deadline of the work here: the earliest of this operation and its running
    /// ancestors, as the runtime's clock counts it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::with_timeout(Duration::from_secs(1)).run(async |cx| {
    ///     let child = cx.child().timeout(Duration::from_secs(3600));
    ///     let outer = cx.deadline();
    ///     child.run(async |cx| assert_eq!(cx.deadline(), outer)).await
    /// });
    /// smol::block_on(run).unwrap().unwrap();
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.deadline()
    }

    /// Returns how long it is until the effective [deadline](Cx::deadline): zero if it has passed,
    /// `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::with_timeout(Duration::from_secs(60)).run(async |cx| cx.remaining());
    /// assert!(smol::block_on(run).unwrap() <= Some(Duration::from_secs(60)));
    /// ```
    pub fn remaining(&self) -> Option<Duration> {
        self.scope.remaining()
    }

    /// Waits on the runtime's timer, counted from this call.
    ///
    /// A sleep that is over at its first poll, as one of zero is, gives way once: it is pending, with
    /// its waker woken, and ready at the next poll. So a loop of such sleeps lets other tasks have their
    /// turn, and is cancelled like any other.
    ///
    /// How accurate that is, is up to the runtime: see [`Sleep`](crate::Sleep) for this crate's.
    ///
    /// If the timer fails, the operation is cancelled with [`Reason::Error`](cancel_core::Reason::Error): it does not go on as
    /// if the time were over. In a [shield](Cx::shield) or a cleanup it is the work there.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, but the time begins anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| cx.sleep(Duration::from_millis(5)).await);
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<'_, R> {
        self.slept(self.scope.inner.runtime.sleep(duration))
    }

    /// Waits until the runtime's clock reaches `deadline`: an [`Instant`], or where the clock is the
    /// platform's, its own moment, such as a `std::time::Instant`. One that has passed gives way
    /// once, as a sleep of zero does; `None` is never reached.
    ///
    /// Otherwise as [`sleep`](Cx::sleep).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Timer};
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let mut next = cx.runtime().now();
    ///     for _tick in 0..3 {
    ///         next = next + Duration::from_millis(2);
    ///         cx.sleep_until(next).await; // does not drift
    ///     }
    /// });
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn sleep_until<D: IntoDeadline<R>>(
        &self,
        deadline: D,
    ) -> impl Future<Output = ()> + Send + use<'_, R, D> {
        let deadline = deadline.into_deadline().unwrap_or(Instant::FAR_FUTURE);
        let sleep = self.scope.inner.runtime.sleep_until(deadline);
        self.slept(sleep)
    }

    async fn slept(&self, sleep: R::Sleep) {
        let Err(error) = waited(sleep).await else {
            return;
        };
        self.scope.timer_failed(error);
        // Gives the runner the turn in which it drops the body. Elsewhere, waiting any longer
        // would be for ever.
        let _ = self.checkpoint().await;
    }
}

/// With the deadline, like [`Operation::check`] and [`Operation::is_cancelled`].
impl<R: Runtime> Check for Operation<R> {
    fn check(&self) -> Result<(), Cancelled> {
        Operation::check(self)
    }
    fn is_cancelled(&self) -> bool {
        Operation::is_cancelled(self)
    }
}

/// With the deadline, like [`Cx::check`] and [`Cx::is_cancelled`].
impl<R: Runtime> Check for Cx<R> {
    fn check(&self) -> Result<(), Cancelled> {
        Cx::check(self)
    }
    fn is_cancelled(&self) -> bool {
        Cx::is_cancelled(self)
    }
}
