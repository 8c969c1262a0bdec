//! `Statistics`: what a registry has counted.

use crate::report::context::Context;
use crate::report::status::Status;
use cancel_core::Reason;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a [`Registry`](super::Registry) has counted since it was made, as of one moment.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Reason, Registry};
/// use std::time::Duration;
///
/// let registry = Registry::new();
/// let fine = Cancelable::new().register(&registry);
/// let late = Cancelable::with_timeout(Duration::ZERO).register(&registry);
/// let idle = Cancelable::new().register(&registry).build();
/// smol::block_on(async {
///     fine.run(async |_| ()).await.unwrap();
///     late.run(async |_| ()).await.unwrap_err();
/// });
///
/// let statistics = registry.statistics();
/// assert_eq!((statistics.registered(), statistics.pending()), (3, 1));
/// assert_eq!((statistics.completed(), statistics.cancelled()), (1, 1));
/// assert_eq!(statistics.cancelled_by(Reason::Timeout), 1);
/// # drop(idle);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    pub(crate) registered: u64,
    pub(crate) pending: u64,
    pub(crate) running: u64,
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) failed: u64,
    pub(crate) unended: u64,
    pub(crate) reasons: BTreeMap<Reason, u64>,
    pub(crate) total_duration: Duration,
}

impl Statistics {
    /// How many operations have been registered, in all.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// drop(Cancelable::new().register(&registry).build());
    /// assert_eq!(registry.statistics().registered(), 1);
    /// ```
    pub fn registered(&self) -> u64 {
        self.registered
    }

    /// How many wait for their start.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry).build();
    /// assert_eq!(registry.statistics().pending(), 1);
    /// # drop(op);
    /// ```
    pub fn pending(&self) -> u64 {
        self.pending
    }

    /// How many run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// let op = Cancelable::new().register(&registry);
    /// let run = op.run(async |_| registry.statistics().running());
    /// assert_eq!(smol::block_on(run), Ok(1));
    /// ```
    pub fn running(&self) -> u64 {
        self.running
    }

    /// How many have completed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().statistics().completed(), 0);
    /// ```
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// How many have been cancelled. [`reasons`](Statistics::reasons) tells why.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().statistics().cancelled(), 0);
    /// ```
    pub fn cancelled(&self) -> u64 {
        self.cancelled
    }

    /// How many have failed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().statistics().failed(), 0);
    /// ```
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// How many have left without an end: dropped before they ran, taken in by a combination, or
    /// [taken out](super::Registry::remove).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Registry};
    ///
    /// let registry = Registry::new();
    /// drop(Cancelable::new().register(&registry).build());
    /// assert_eq!(registry.statistics().unended(), 1);
    /// ```
    pub fn unended(&self) -> u64 {
        self.unended
    }

    /// How many have ended: completed, cancelled or failed.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().statistics().ended(), 0);
    /// ```
    pub fn ended(&self) -> u64 {
        self.completed + self.cancelled + self.failed
    }

    /// How many were cancelled for this reason. Those cancelled by an ancestor count as
    /// [`Reason::Parent`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Reason, Registry};
    ///
    /// assert_eq!(Registry::new().statistics().cancelled_by(Reason::Timeout), 0);
    /// ```
    pub fn cancelled_by(&self, reason: Reason) -> u64 {
        self.reasons.get(&reason).copied().unwrap_or(0)
    }

    /// The reasons for which operations were cancelled, and how many for each.
    ///
    /// # Examples
    ///
    /// ```
    /// for (reason, count) in cancel_std::Registry::global().statistics().reasons() {
    ///     println!("{reason}: {count}");
    /// }
    /// ```
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.reasons.iter().map(|(reason, count)| (*reason, *count))
    }

    /// How long all those that have ended took, together.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// assert_eq!(cancel_std::Registry::new().statistics().total_duration(), Duration::ZERO);
    /// ```
    pub fn total_duration(&self) -> Duration {
        self.total_duration
    }

    /// How long those that have ended took on average; `None` if none has.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_std::Registry::new().statistics().average_duration(), None);
    /// ```
    pub fn average_duration(&self) -> Option<Duration> {
        let nanos = self
            .total_duration
            .as_nanos()
            .checked_div(self.ended().into())?;
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        Some(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
    }
}

/// The same of one part of the table.
#[derive(Default)]
pub(super) struct Counts {
    sum: Statistics,
}

impl Counts {
    pub(super) fn entered(&mut self, running: bool) {
        self.sum.registered += 1;
        self.sum.running += u64::from(running);
    }

    pub(super) fn started(&mut self) {
        self.sum.running += 1;
    }

    /// One that had this status until now.
    pub(super) fn left(&mut self, status: Status) {
        self.sum.running -= u64::from(status == Status::Running);
    }

    pub(super) fn unended(&mut self) {
        self.sum.unended += 1;
    }

    pub(super) fn ended(&mut self, context: &Context) {
        match context.status() {
            Status::Completed => self.sum.completed += 1,
            Status::Cancelled => {
                self.sum.cancelled += 1;
                if let Some(reason) = context.reason() {
                    *self.sum.reasons.entry(reason).or_default() += 1;
                }
            }
            _ => self.sum.failed += 1,
        }
        let took = context.duration().unwrap_or_default();
        self.sum.total_duration = self.sum.total_duration.saturating_add(took);
    }

    pub(super) fn add(&mut self, other: &Counts) {
        let (sum, other) = (&mut self.sum, &other.sum);
        sum.registered += other.registered;
        sum.running += other.running;
        sum.completed += other.completed;
        sum.cancelled += other.cancelled;
        sum.failed += other.failed;
        sum.unended += other.unended;
        for (reason, count) in &other.reasons {
            *sum.reasons.entry(*reason).or_default() += count;
        }
        sum.total_duration = sum.total_duration.saturating_add(other.total_duration);
    }

    pub(super) fn into_statistics(self, active: usize) -> Statistics {
        let mut sum = self.sum;
        sum.pending = (active as u64).saturating_sub(sum.running);
        sum
    }
}
