//! Force: the second request, which ends grace periods and goes down like the cancel before it.
//!
//! Each operation has a second token for it, its *force token*, which is a child of the force tokens of those
//! operations above whose cancelation comes down to it (`Edges::Cancel`). It is made when it is needed: by
//! a second request, or at the start of a grace period. Those of all operations above are made with it.
//!
//! * R1: the force token of an operation is cancelled after its token, so what is forced is cancelled.
//! * R2: a force token is made below those of the parents, whether or not they are cancelled by then. So a
//!   grace period that begins later than the force above it sees that, too.

use super::base::{Inner, Operation};
use super::{Edges, Runtime};
use crate::basics::panics::forget;
use cancel_core::{CancelToken, Cause, Reason, WaitForCancel};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

impl<R> Inner<R> {
    /// The force token. Makes those above first, oldest first: a chain of them may be longer than the
    /// stack.
    pub(crate) fn force_token(&self) -> &CancelToken {
        if let Some(token) = self.force.get() {
            return token;
        }
        let mut missing = vec![self];
        while let Some(&inner) = missing.last() {
            let before = missing.len();
            let above = inner.parents().filter_map(|p| p.along(Edges::Cancel));
            let above = above.map(|op| &*op.inner);
            missing.extend(above.filter(|above| above.force.get().is_none()));
            if missing.len() == before {
                inner.force.get_or_init(|| inner.make_force_token());
                missing.pop();
            }
        }
        self.force.get_or_init(|| self.make_force_token())
    }

    /// Those of the parents are there.
    fn make_force_token(&self) -> CancelToken {
        let mut above = self
            .parents()
            .filter_map(|parent| parent.along(Edges::Cancel)?.inner.force.get());
        match above.next() {
            None => CancelToken::new(),
            Some(first) => first.child_following(above),
        }
    }

    /// There was a second request, here or above.
    pub(crate) fn is_forced(&self) -> bool {
        let is_forced = |inner: &Inner<R>| {
            let token = inner.force.get();
            token.is_some_and(|token| token.is_cancelled())
        };
        // (A token that is older than the host is not below that one's.)
        is_forced(self) || self.ancestors(Edges::Cancel).any(|op| is_forced(&op.inner))
    }

    /// Resolves at the second request, here or above.
    pub(crate) fn forced(&self) -> WaitForCancel<CancelToken> {
        let token = self.force_token();
        match self.host.get() {
            None => token.cancelled_owned(),
            Some(host) => {
                let above = host.operation.inner.force_token();
                CancelToken::any([token, above]).cancelled_owned()
            }
        }
    }

    /// A second request: the operation has been cancelled (R1).
    pub(crate) fn insist(&self) {
        self.force_token().cancel();
    }
}

impl<R: Runtime> Operation<R> {
    /// Cancels the operation, if it is not yet, and ends [grace periods](crate::Cancelable::grace): its own and those
    /// of the operations below it, those that are running and those that would begin.
    ///
    /// It goes the way that a cancel goes: to children, to tasks of a group, and further down, but not to
    /// [detached](Operation::detached) operations, nor to those that only follow the token. Shields and
    /// cleanups are not touched.
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
    /// const HOUR: Duration = Duration::from_secs(3600);
    ///
    /// let op = Cancelable::new().grace(HOUR).build();
    /// let handle = op.clone();
    /// let run = op.run(async |cx| {
    ///     let part = cx.child().grace(HOUR);
    ///     part.run(async |cx| {
    ///         std::thread::spawn(move || handle.force());
    ///         cx.sleep(HOUR).await; // does not look at `cx.cancelled()`
    ///     })
    ///     .await
    /// });
    /// assert!(smol::block_on(run).unwrap().is_err()); // both at once
    /// ```
    #[doc(alias = "kill")]
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
    /// let op = Cancelable::new().build();
    /// op.force_with((Reason::Shutdown, "right now"));
    /// assert_eq!(op.context().message(), Some("right now"));
    /// ```
    pub fn force_with(&self, cause: impl Into<Cause>) -> bool {
        force(&self.inner, || self.cancel_with(cause))
    }
}

/// Calls `cancel`, which cancels the operation, and forces it. Neither panic keeps the other part from
/// being done; the first one goes on.
pub(super) fn force<R>(inner: &Inner<R>, cancel: impl FnOnce() -> bool) -> bool {
    let cancelled = catch_unwind(AssertUnwindSafe(cancel));
    let forced = catch_unwind(AssertUnwindSafe(|| inner.insist()));
    match (cancelled, forced) {
        (Ok(won), Ok(())) => won,
        (Ok(_), Err(payload)) => resume_unwind(payload),
        (Err(payload), forced) => {
            forced.unwrap_or_else(forget);
            resume_unwind(payload)
        }
    }
}
