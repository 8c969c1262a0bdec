//! Shields, and what forces the end of a grace period.
//!
//! An operation's holds are counted in `holds`, and in those of every operation around it in the same
//! task (`Edges::Hold`). Whoever leaves nothing in a count but what the runner holds itself rings that
//! operation's bell: its runner may be polled by another task than the one in which the hold ended.

use super::{Edges, Inner, Operation, Runtime};
use crate::callbacks::Event;
use cancel_core::{Cancelled, Cause, Control, Reason, Shield, TimeoutExt};
use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl<R> Inner<R> {
    pub(crate) fn is_held(&self) -> bool {
        // Relaxed: a snapshot, or after a read-modify-write of one's own.
        self.holds.load(Ordering::Relaxed) != 0
    }

    /// For the runner, which has seen the cancelation, and will wait if there is a hold.
    fn held(&self) -> u32 {
        // A read-modify-write here and in `release`, both AcqRel: one of them comes first. If that is
        // the release, we see it, and what the shield did. If it is ours, the release sees what we have
        // seen, the cancelation, and rings. With plain loads both might miss the other.
        self.holds.fetch_add(0, Ordering::AcqRel)
    }

    pub(crate) fn hold(&self) {
        self.hold_from(0);
    }

    /// Without the first so many of the lineage.
    fn hold_from(&self, first: usize) {
        for op in self.lineage(Edges::Hold).skip(first) {
            // Relaxed: the runner looks after the poll in which this happened; in another task there
            // is no order to keep.
            op.holds.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn release(&self) {
        self.release_from(0);
    }

    fn release_from(&self, first: usize) {
        for op in self.lineage(Edges::Hold).skip(first) {
            op.holds.fetch_sub(1, Ordering::AcqRel); // see `held`
        }
        // Only then foreign code, since a waker may panic. Who holds meanwhile, rings later.
        for op in self.lineage(Edges::Hold).skip(first) {
            // One may be left: the runner's own, from its grace period on (`Scope`), which keeps nothing
            // from ending. Relaxed: see `is_held`.
            if op.holds.load(Ordering::Relaxed) <= 1 && op.is_cancelled() {
                op.ring();
            }
        }
    }
}

/// The runner's view of an operation.
pub(crate) struct Steering<'a, R>(pub(crate) &'a Operation<R>);

impl<R: Runtime> Control for Steering<'_, R> {
    fn hold(&self) {
        self.0.inner.hold();
    }

    fn release(&self) {
        self.0.inner.release();
    }

    fn held(&self) -> u32 {
        self.0.inner.held()
    }

    fn hold_outer(&self) {
        self.0.inner.hold_from(1);
    }

    fn release_outer(&self) {
        self.0.inner.release_from(1);
    }

    fn asked(&self, _: &Cancelled) {
        self.0.inner.asked();
        self.0.inner.tell(Event::Asked);
    }
}

/// A hold until the end of a block.
pub(crate) struct Holding<'a, R>(&'a Inner<R>);

impl<'a, R> Holding<'a, R> {
    pub(crate) fn new(inner: &'a Inner<R>) -> Self {
        inner.hold();
        Holding(inner)
    }
}

impl<R> Drop for Holding<'_, R> {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// A hold of the operations around this one, for a run that has something to do at its end: cancelled
/// with it, they would otherwise drop it before it has seen that.
pub(crate) struct Around<'a, R>(&'a Inner<R>);

impl<'a, R> Around<'a, R> {
    pub(crate) fn new(inner: &'a Inner<R>) -> Self {
        inner.hold_from(1);
        Around(inner)
    }
}

impl<R> Drop for Around<'_, R> {
    fn drop(&mut self) {
        self.0.release_from(1);
    }
}

impl<R: Runtime> Operation<R> {
    /// Runs `future` to its end although the operation is cancelled, and gives its output. For the
    /// body, and for what it calls.
    ///
    /// When it is over, and no other shield is open, the body is dropped at its next suspension:
    /// several shields in a row all run. Shields nest, and operations inside this body hold this one
    /// by theirs. Keep them short: nothing ends a shield from outside. See also
    /// [`shield_within`](Operation::shield_within).
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the future. If somebody drops the whole run, it goes with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::time::Duration;
    ///
    /// let saved = AtomicBool::new(false);
    /// let op = Cancelable::new();
    /// let run = op.run(async |cx| {
    ///     cx.shield(async {
    ///         cx.cancel_with("while saving");
    ///         cx.sleep(Duration::from_millis(5)).await;
    ///         saved.store(true, Ordering::Relaxed);
    ///     })
    ///     .await;
    ///     cx.sleep(Duration::from_secs(3600)).await; // the end
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// assert!(saved.into_inner());
    /// ```
    pub fn shield<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<'_, R, F> {
        Shield::new(Steering(self), future)
    }

    /// As [`shield`](Operation::shield), for at most `limit`, counted from this call.
    ///
    /// Zero polls the future once; there is no upper bound.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] with reason *timeout* if it took longer. The future has been dropped then.
    ///
    /// # Cancel safety
    ///
    /// As [`shield`](Operation::shield).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let flush = std::future::pending::<()>(); // a server that does not answer any more
    ///     cx.shield_within(Duration::from_millis(5), flush).await.is_err()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(true));
    /// ```
    pub fn shield_within<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Cancelled>> + use<'_, R, F> {
        Shield::new(Steering(self), future.timeout(self.runtime(), limit))
    }

    /// Cancels the operation, if it is not yet, and ends its [grace period](Operation::grace): one that
    /// is running, and one that would begin. Shields and cleanup are not touched.
    ///
    /// # Returns
    ///
    /// As [`cancel`](Operation::cancel).
    ///
    /// # Panics
    ///
    /// As [`cancel`](Operation::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().grace(Duration::from_secs(3600));
    /// let handle = op.clone();
    /// let run = op.run(async |cx| {
    ///     std::thread::spawn(move || handle.force());
    ///     cx.sleep(Duration::from_secs(3600)).await; // does not look at `cx.cancelled()`
    /// });
    /// assert!(smol::block_on(run).is_err()); // at once
    /// ```
    pub fn force(&self) -> bool {
        self.force_with(Reason::Manual)
    }

    /// As [`force`](Operation::force), with a cause, as [`cancel_with`](Operation::cancel_with) takes
    /// it.
    ///
    /// # Returns
    ///
    /// As [`cancel_with`](Operation::cancel_with).
    ///
    /// # Panics
    ///
    /// As [`cancel_with`](Operation::cancel_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason};
    ///
    /// let op = Cancelable::new();
    /// op.force_with((Reason::Shutdown, "right now"));
    /// assert_eq!(op.context().message(), Some("right now"));
    /// ```
    pub fn force_with(&self, cause: impl Into<Cause>) -> bool {
        // After the cancel, whose cause is to be the one that counts, and also if that panics.
        let _then = Force(&self.inner);
        self.cancel_with(cause)
    }
}

struct Force<'a, R>(&'a Inner<R>);

impl<R> Drop for Force<'_, R> {
    fn drop(&mut self) {
        // Release: pairs with the load of the runner, which then sees the token cancelled.
        self.0.forced.store(true, Ordering::Release);
        self.0.ring(); // (contained: a panic of the cancel may be under way, with the same waker)
    }
}
