//! The source of a deadline in place.
//!
//! Invariants (`L` deadline.rs)
//!
//! * L2 is kept here on the side of the source: it enters before it reads.

use crate::cause::Cause;
use crate::rt::{Instant, Timer};
use crate::scope::deadline::Deadline;
use crate::scope::source::failed;
use crate::tree::{Hub, Waiter};
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::task::{Context, Poll};
use pin_project_lite::pin_project;

impl<R: Timer> Deadline<'_, R> {
    /// Creates a source for a [`Scope`](crate::Scope). It fires at this deadline, reason *timeout*, and
    /// follows it when it is moved. The deadlines that it is nested in have sources of their own, in
    /// the scopes that they belong to.
    ///
    /// The [origin](crate::Cancelled::origin) of the cause is the deadline whose time ran out. If one that it
    /// is nested in had passed before (or at the same moment) when the source fires late, that is the
    /// origin, and the reason is [`Reason::Parent`](crate::Reason::Parent) with the root reason
    /// *timeout*. Where there is a heap, the cause has the [limit](crate::Cancelled::limit) of a deadline that
    /// was set as a timeout.
    ///
    /// If the timer fails, it fires with [`Reason::Error`](crate::Reason::Error).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// See [`Deadline`].
    pub fn source(&self) -> UntilDeadline<'_, R> {
        UntilDeadline {
            armed: Instant::FAR_FUTURE,
            sleep: None,
            waiting: Waiting {
                waiter: Waiter::new(),
                deadline: self,
                _pinned: PhantomPinned,
            },
        }
    }
}

/// The place of a source in the list of its deadline.
struct Waiting<'d, R> {
    waiter: Waiter,
    deadline: &'d Deadline<'d, R>,
    /// The list points to `waiter`.
    _pinned: PhantomPinned,
}

// SAFETY: the waiter's cells are used under the hub's lock, or in an exclusive poll of the source; wakers
// are `Send + Sync`.
unsafe impl<R: Sync> Send for Waiting<'_, R> {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl<R: Sync> Sync for Waiting<'_, R> {}
impl<R: core::panic::RefUnwindSafe> core::panic::UnwindSafe for Waiting<'_, R> {}
impl<R: core::panic::RefUnwindSafe> core::panic::RefUnwindSafe for Waiting<'_, R> {}

impl<R> Waiting<'_, R> {
    /// Has the waker woken at the next change.
    fn enter(self: Pin<&mut Self>, cx: &Context<'_>) {
        let this = self.into_ref().get_ref();
        let hub: *const Hub = &this.deadline.hub;
        // SAFETY: pinned, and the drop takes the waiter out; always the same hub. Polls are exclusive.
        // `enter` is ready if the waiter was taken out: not by a cancel, since the hub is never cancelled
        // (L1), but by a change of the deadline. Then it enters again.
        unsafe { while Hub::enter(hub, &this.waiter, cx.waker()).is_ready() {} }
    }
}

impl<R> Drop for Waiting<'_, R> {
    fn drop(&mut self) {
        // SAFETY: pinned if it was ever entered; the deadline is alive.
        unsafe { Hub::leave(&self.deadline.hub, &self.waiter) };
    }
}

pin_project! {
    /// A source that fires at a [`Deadline`], wherever that is moved. Made by [`Deadline::source`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cancel_core::{Instant, Timer, TimerError};
    /// # #[derive(Clone)]
    /// # struct Clock;
    /// # impl Timer for Clock {
    /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH + Duration::from_secs(60) }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
    /// # }
    /// use cancel_core::{Deadline, Reason};
    /// use std::time::Duration;
    ///
    /// let deadline = Deadline::new(Clock).timeout(Duration::ZERO);
    /// assert_eq!(smol::block_on(deadline.source()).reason(), Reason::Timeout);
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct UntilDeadline<'d, R: Timer> {
        // When the sleep ends.
        armed: Instant,
        #[pin]
        sleep: Option<R::Sleep>,
        #[pin]
        waiting: Waiting<'d, R>,
    }
}

impl<R: Timer> Future for UntilDeadline<'_, R> {
    type Output = Cause;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cause> {
        let mut this = self.project();
        let deadline = this.waiting.deadline;
        this.waiting.enter(cx); // L2: first
        loop {
            let at = deadline.own();
            if at != *this.armed {
                let sleep = (at != Instant::FAR_FUTURE).then(|| deadline.timer.sleep_until(at));
                this.sleep.set(sleep);
                *this.armed = at; // last: the timer may panic
            }
            let Some(sleep) = this.sleep.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            return match sleep.poll(cx) {
                Poll::Pending => Poll::Pending,
                // Moved while its waker was on its way. This sleep is over, and is not polled again
                // even if the deadline is moved back to where it was.
                Poll::Ready(Ok(())) if deadline.own() > *this.armed => {
                    this.sleep.set(None);
                    *this.armed = Instant::FAR_FUTURE;
                    continue;
                }
                // Its own has passed, so the earliest of all has. (The clock is not asked.)
                Poll::Ready(Ok(())) => Poll::Ready(deadline.cause(deadline.earliest().1)),
                Poll::Ready(Err(error)) => Poll::Ready(failed(error)),
            };
        }
    }
}

impl<R: Timer> fmt::Debug for UntilDeadline<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilDeadline")
            .field("armed", &self.armed)
            .finish_non_exhaustive()
    }
}
