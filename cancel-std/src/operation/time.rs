//! Deadlines of an operation, and its sleeps.

use super::base::{Inner, Operation, State};
use super::{Edges, Runtime};
use crate::report::status::Status;
use crate::time::deadline::Deadline;
use cancel_core::{Cancelled, Cause, Check, Instant, IntoDeadline, Reason, TimerError};
use std::time::Duration;

impl<R> Inner<R> {
    /// The cause of the operation's own timeout or deadline, with its name, and with the limit of a
    /// timeout.
    pub(super) fn timed_out(&self) -> Cause {
        let limit = self.lock().timeout;
        match limit {
            Duration::MAX => self.named(Cause::new(Reason::Timeout)),
            limit => {
                let rest = self.setup.rest.as_ref();
                let cause = rest.and_then(|rest| rest.timeout_cause.clone());
                let cause = cause.unwrap_or_else(|| Cause::new(Reason::Timeout));
                self.named(cause.with_limit(limit))
            }
        }
    }

    /// It is cancelled, by its own deadline or timeout.
    pub(super) fn has_timed_out(&self) -> bool {
        let token = self.token.get();
        token.is_some_and(|token| {
            let cause = token.cause();
            cause.is_some_and(|cause| cause.reason() == Reason::Timeout && cause.is_from(token))
        })
    }

    /// Says which operation it is about, if that has a name.
    pub(super) fn named(&self, cause: Cause) -> Cause {
        match &self.setup.name {
            Some(name) => cause.with_name(name.clone()),
            None => cause,
        }
    }

    /// The deadline that counts, and whose it is: of equal ones the outermost's. Ancestors count while they
    /// run.
    pub(super) fn earliest(&self) -> Option<(Instant, &Inner<R>)> {
        let own = self.deadline.get().map(|at| (at, self));
        if self.is_alone() {
            return own;
        }
        let above = self
            .ancestors(Edges::Cancel)
            .filter_map(|op| Some((op.inner.deadline.of_running()?, &*op.inner)));
        own.into_iter()
            .chain(above)
            .reduce(|earliest, other| match other.0 <= earliest.0 {
                true => other,
                false => earliest,
            })
    }

    /// The operation's own deadline has passed. If one above had passed before, its time ran out: this
    /// cancels the operation that it belongs to, and so this one. False: it was the own one's, or that
    /// one is cancelled already.
    pub(super) fn time_out_above(&self) -> bool {
        let Some((_, owner)) = self.earliest() else {
            return false; // (the deadline was taken away meanwhile)
        };
        // The token of an ancestor has been made with its first child.
        !std::ptr::eq(owner, self)
            && owner
                .token
                .get()
                .is_some_and(|token| token.cancel_with(owner.timed_out()))
    }
}

impl<R> Operation<R> {
    /// Returns the effective deadline: the earliest of this operation and its running ancestors, as
    /// the runtime's clock counts it.
    ///
    /// A timeout becomes a deadline when its operation starts; what has ended has none any more.
    /// An ancestor that does not run limits nobody: it would not time out itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let parent = Cancelable::with_timeout(Duration::from_secs(1));
    /// let run = parent.run(async |cx| {
    ///     let child = cx.child().timeout(Duration::from_secs(3600)).build();
    ///     assert_eq!(child.deadline(), cx.deadline());
    /// });
    /// smol::block_on(run).unwrap();
    /// ```
    pub fn deadline(&self) -> Option<Instant> {
        self.inner.earliest().map(|(at, _)| at)
    }
}

impl<R: Runtime> Operation<R> {
    /// `Err` if the operation is cancelled, or if its effective deadline has passed, which cancels
    /// the operation that the deadline belongs to (this one or a running ancestor) with
    /// [`Reason::Timeout`].
    ///
    /// So a body that never awaits still stops in time. Reads the clock if there is a deadline.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the real cause.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Operation::cancel), if the deadline has passed.
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
        self.check_with(|| self.inner.runtime.now())
    }

    /// Returns whether the operation is cancelled, or its effective deadline has passed: whether
    /// [`check`](Operation::check) returns `Err`.
    ///
    /// If the deadline has passed, this cancels the operation that it belongs to, as `check` does. Without
    /// a deadline and without a parent these are a few loads. The clock is read only if there is a deadline;
    /// each ancestor is looked at for its own.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Operation::cancel), if the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().build();
    /// assert!(!op.is_cancelled());
    /// let handle = op.clone();
    /// let run = op.run_blocking(|_| {
    ///     handle.set_timeout(Duration::ZERO);
    ///     handle.is_cancelled()
    /// });
    /// assert_eq!(run, Ok(true));
    /// assert_eq!(op.context().reason(), Some(Reason::Timeout));
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.inner.is_cancelled() || self.check().is_err()
    }

    /// The check at a time that is known already.
    pub(super) fn check_at(&self, now: Instant) -> Result<(), Cancelled> {
        self.check_with(|| now)
    }

    fn check_with(&self, now: impl FnOnce() -> Instant) -> Result<(), Cancelled> {
        self.look()?;
        if let Some((at, owner)) = self.inner.earliest() {
            if at <= now() {
                // The token of an ancestor has been made with its first child.
                let token = owner.token.get().unwrap_or_else(|| self.token());
                token.cancel_with(owner.timed_out());
                return self.look();
            }
        }
        Ok(())
    }

    /// The check of the token, which is not made for that.
    fn look(&self) -> Result<(), Cancelled> {
        match self.inner.token.get() {
            Some(token) => token.check(),
            None => self.inner.live_cause().map_or(Ok(()), Err),
        }
    }

    /// How long it is until the effective [deadline](Operation::deadline): zero if it has passed,
    /// `None` if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(60)).build();
    /// let run = op.run(async |cx| assert!(cx.remaining().unwrap() <= Duration::from_secs(60)));
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.remaining(), None); // ended
    /// ```
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline()?;
        Some(deadline - self.inner.runtime.now())
    }

    /// Gives the operation another time limit, shorter or longer: from now on if it runs, from the
    /// start otherwise. It replaces all timeouts and deadlines set before; those of ancestors stay.
    ///
    /// Zero ends a running operation at its next suspension or check; [`Duration::MAX`] takes the
    /// limit away.
    ///
    /// # Returns
    ///
    /// `false` if the operation had ended: nothing was done.
    ///
    /// # Panics
    ///
    /// If the waker of the task that runs the operation panics: it is woken to see the new limit,
    /// which is set by then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(3600)).build();
    /// let run = op.run(async |cx| {
    ///     cx.operation().set_timeout(Duration::from_millis(5));
    ///     cx.sleep(Duration::MAX).await;
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// assert!(!op.set_timeout(Duration::MAX));
    /// ```
    pub fn set_timeout(&self, timeout: Duration) -> bool {
        let now = self.inner.runtime.now();
        self.limit(|state, deadline| match state.status {
            Status::Pending => {
                state.timeout = timeout;
                deadline.set(None);
            }
            _ => {
                state.timeout = timeout;
                deadline.set(Some(now + timeout));
            }
        })
    }

    /// Gives the operation another deadline, earlier or later, or takes it away (`None`). It replaces
    /// all timeouts and deadlines set before; those of ancestors stay.
    ///
    /// The deadline is an [`Instant`] of the runtime's clock, or where that is the platform's, its own
    /// moment, such as a `std::time::Instant`. One that has passed ends a running operation at its next
    /// suspension or check.
    ///
    /// # Returns
    ///
    /// `false` if the operation had ended: nothing was done.
    ///
    /// # Panics
    ///
    /// As [`set_timeout`](Operation::set_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().build();
    /// let deadline = Std.now() + Duration::from_secs(5);
    /// op.set_deadline(deadline);
    /// assert_eq!(op.deadline(), Some(deadline));
    /// op.set_deadline(None);
    /// assert_eq!(op.deadline(), None);
    /// ```
    pub fn set_deadline(&self, deadline: impl IntoDeadline<R>) -> bool {
        let deadline = deadline.into_deadline();
        self.limit(|state, own| {
            state.timeout = Duration::MAX;
            own.set(deadline);
        })
    }

    fn limit(&self, set: impl FnOnce(&mut State<R>, &Deadline)) -> bool {
        let mut state = self.inner.lock();
        if state.status.is_final() {
            return false;
        }
        set(&mut state, &self.inner.deadline);
        drop(state);
        self.inner.runner.wake();
        true
    }

    pub(super) fn timer_failed(&self, error: TimerError) {
        let cause = Cause::new(Reason::Error).with_message("the timer of a sleep failed");
        self.cancel_with(cause.with_error(error));
    }
}
