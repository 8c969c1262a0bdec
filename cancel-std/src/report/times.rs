//! When things happened to an operation, by its runtime's clock, and as dates.

use crate::report::context::Context;
use cancel_core::Instant;
use std::time::{Duration, SystemTime};

/// Times.
impl Context {
    /// When it started: the first poll of `run`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Std, Timer};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.context().started(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().started().unwrap() <= Std.now());
    /// ```
    pub fn started(&self) -> Option<Instant> {
        self.started
    }

    /// When it ended.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// smol::block_on(op.run(async |cx| assert_eq!(cx.operation().context().ended(), None))).unwrap();
    /// assert!(op.context().ended() >= op.context().started());
    /// ```
    pub fn ended(&self) -> Option<Instant> {
        self.ended
    }

    /// When it was asked to end, if it was: when its run saw that.
    ///
    /// This and [`ended`](Context::ended) differ by what came in between: shields, a grace period, cleanups.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let run = op.run_finally(
    ///     async |cx| cx.sleep(Duration::MAX).await,
    ///     async |cx| cx.sleep(Duration::from_millis(20)).await,
    /// );
    /// smol::block_on(run).unwrap_err();
    /// let context = op.context();
    /// let cleanup = context.ended().unwrap() - context.requested().unwrap();
    /// assert!(cleanup >= Duration::from_millis(20));
    /// ```
    pub fn requested(&self) -> Option<Instant> {
        let seen = self.requested;
        seen.or_else(|| self.cause.as_ref().and(self.ended))
    }

    /// [`started`](Context::started) as a date, for logs and for people.
    ///
    /// `None` also where the runtime has no wall clock: see
    /// [`Timer::unix_time_of_epoch`](cancel_core::Timer::unix_time_of_epoch). That is asked once for all;
    /// so dates keep their order and their distances if somebody sets the clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let op = Cancelable::new().build();
    /// assert_eq!(op.context().started_at(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().started_at().unwrap() > SystemTime::UNIX_EPOCH);
    /// ```
    pub fn started_at(&self) -> Option<SystemTime> {
        self.date(self.started)
    }

    /// [`requested`](Context::requested) as a date, as [`started_at`](Context::started_at).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// smol::block_on(op.run(async |cx| cx.cancel())).unwrap();
    /// assert!(op.context().requested_at() >= op.context().started_at());
    /// ```
    pub fn requested_at(&self) -> Option<SystemTime> {
        self.date(self.requested())
    }

    /// [`ended`](Context::ended) as a date, as [`started_at`](Context::started_at).
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().ended_at(), None);
    /// smol::block_on(op.run(async |_| ())).unwrap();
    /// assert!(op.context().ended_at() >= op.context().started_at());
    /// ```
    pub fn ended_at(&self) -> Option<SystemTime> {
        self.date(self.ended)
    }

    fn date(&self, at: Option<Instant>) -> Option<SystemTime> {
        let since_1970 = self.epoch?.checked_add(at?.since_epoch())?;
        SystemTime::UNIX_EPOCH.checked_add(since_1970)
    }

    /// How long it took, or has been running so far; `None` before the start.
    ///
    /// # Examples
    ///
    /// ```
    /// let op = cancel_std::Cancelable::new().build();
    /// assert_eq!(op.context().duration(), None);
    /// smol::block_on(op.run(async |cx| assert!(cx.operation().context().duration().is_some()))).unwrap();
    /// println!("took {:?}", op.context().duration().unwrap());
    /// ```
    pub fn duration(&self) -> Option<Duration> {
        self.duration
    }

    /// How long it was until the effective deadline when this snapshot was made: see
    /// [`Operation::remaining`](crate::Operation::remaining). `None` if there is none, and after the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::with_timeout(Duration::from_secs(60)).build();
    /// let run = op.run(async |cx| {
    ///     let part = cx.child().build(); // has no more time than its parent
    ///     assert!(part.context().remaining().unwrap() <= Duration::from_secs(60));
    /// });
    /// smol::block_on(run).unwrap();
    /// assert_eq!(op.context().remaining(), None);
    /// ```
    pub fn remaining(&self) -> Option<Duration> {
        self.remaining
    }
}
