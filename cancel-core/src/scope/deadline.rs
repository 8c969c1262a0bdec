//! Deadlines in place: to look at, to change while the work runs, below one another.
//!
//! Invariants (`E` list.rs, `H` hub.rs)
//!
//! * L1: `hub` is a lock and a list here, and never cancelled. In the list are the sources that wait
//!   for a change, and marks (L3). `at` is guarded by the lock.
//! * L2: a source enters its waker first and reads `at` afterwards; a change writes `at` first and
//!   takes the wakers out afterwards. So no change is missed.
//! * L3: under the lock that writes `at`, a change puts a mark at the end of the list. In front of it are
//!   the sources that may not have seen the change: the change wakes these, until its mark is the first
//!   entry or is out. Sources that enter meanwhile have seen the change, and stand behind the mark.
//!   A change that meets the mark of another one at the front takes it out on its behalf, since nobody
//!   is left for that one to wake. The mark's `queued` says whether it is in the list (H4).

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::cause::Reason;
use crate::rt::{Instant, IntoDeadline, Timer};
use crate::scope::source::failed;
use crate::sync::{Held, LockedCell, Panics, Relaxed, const_fn};
use crate::token::Token;
use crate::tree::{Entry, Hub, Kind, NONEMPTY, Waiter};
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use pin_project_lite::pin_project;

/// When work has to be over: a moment that may be moved while the work runs, and that may stand below
/// another one. It lives on the stack, in a future or in a `static`, and needs no heap.
///
/// Its [`source`](Deadline::source) cancels a [`Scope`](crate::Scope) in time. What the work sees is
/// the *effective* deadline: its own or that of one it is [nested](Deadline::nested) in, whichever
/// comes first.
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
/// use cancel_core::{Child, Deadline, Reason, Scope, Token};
/// use std::pin::pin;
/// use std::time::Duration;
///
/// static STOP: Token = Token::new();
///
/// async fn measure() -> u32 {
///     let whole = Deadline::new(Clock).timeout(Duration::from_secs(5));
///     let token = pin!(Child::new(&STOP));
///     let token = token.enter();
///     let body = async {
///         // One step of it, which may not take longer than what is left for the whole.
///         let step = Deadline::nested(&whole).timeout(Duration::from_secs(30));
///         assert_eq!(step.remaining(), Some(Duration::from_secs(5)));
///         whole.set_timeout(Duration::from_secs(7)); // two seconds more
///         assert_eq!(step.remaining(), Some(Duration::from_secs(7)));
///         42
///     };
///     let run = Scope::new(token, body).source(whole.source());
///     run.await.unwrap_or(0)
/// }
///
/// assert_eq!(smol::block_on(measure()), 42);
/// ```
pub struct Deadline<'o, R> {
    hub: Hub,
    /// Its own; `FAR_FUTURE`: none.
    at: LockedCell<Instant>,
    timer: R,
    outer: Option<&'o Deadline<'o, R>>,
}

// SAFETY: the cells are used under the hub's lock; entries in its list belong to sources, which are
// `Send` and `Sync` as far as the hub's part goes.
unsafe impl<R: Send + Sync> Send for Deadline<'_, R> {}
// SAFETY: as above; through a shared reference only a shared timer is reached.
unsafe impl<R: Sync> Sync for Deadline<'_, R> {}
impl<R: core::panic::RefUnwindSafe> core::panic::UnwindSafe for Deadline<'_, R> {}
impl<R: core::panic::RefUnwindSafe> core::panic::RefUnwindSafe for Deadline<'_, R> {}

impl<R> Deadline<'_, R> {
    const_fn! {
        /// No deadline yet, on this timer.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::Deadline;
        /// # #[derive(Clone)]
        /// # struct Clock;
        ///
        /// static WHOLE: Deadline<'static, Clock> = Deadline::new(Clock);
        /// # let _ = &WHOLE;
        /// ```
        pub const fn new(timer: R) -> Self {
            Deadline {
                hub: Hub::new(0),
                at: LockedCell::new(Instant::FAR_FUTURE),
                timer,
                outer: None,
            }
        }
    }
}

impl<'o, R: Timer> Deadline<'o, R> {
    /// None of its own, on the timer of another one, which limits it.
    ///
    /// What that means for [`remaining`](Deadline::remaining), [`deadline`](Deadline::deadline) and
    /// [`check`](Deadline::check) is all there is to it: the outer deadline is kept by the outer scope,
    /// whose source has to be running. Its cause then says *timeout* for the outer work, and *parent*
    /// for the tokens below.
    ///
    /// # Examples
    ///
    /// See [`Deadline`].
    pub fn nested(outer: &'o Deadline<'o, R>) -> Self
    where
        R: Clone,
    {
        let mut nested = Deadline::new(outer.timer.clone());
        nested.outer = Some(outer);
        nested
    }

    /// Sets its own deadline to `timeout` from now. A sum beyond [`Instant::FAR_FUTURE`] is no
    /// deadline.
    ///
    /// # Examples
    ///
    /// See [`Deadline`].
    pub fn timeout(self, timeout: Duration) -> Self {
        let at = self.timer.now() + timeout;
        self.until(at)
    }

    /// Sets its own deadline to a moment on the timer's clock. `None` and [`Instant::FAR_FUTURE`] are
    /// no deadline.
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
    /// use cancel_core::Deadline;
    /// use std::time::Duration;
    ///
    /// let deadline = Deadline::new(Clock).until(Clock.now() + Duration::from_secs(1));
    /// assert_eq!(deadline.remaining(), Some(Duration::from_secs(1)));
    /// ```
    pub fn until(self, at: impl IntoDeadline<R>) -> Self {
        let at = at.into_deadline().unwrap_or(Instant::FAR_FUTURE);
        // SAFETY: nobody else can reach the cell.
        unsafe { self.at.set(at) };
        self
    }

    /// Moves its own deadline, earlier or later: to `timeout` from now. Those that it is nested in
    /// stay.
    ///
    /// From whatever thread or interrupt: sources that wait are woken.
    ///
    /// # Panics
    ///
    /// If a waker panics, all others are still woken; then the first panic goes on from here. The
    /// deadline has been moved by then. (Without the `std` feature a second panic while the first one
    /// unwinds aborts.)
    ///
    /// # Examples
    ///
    /// See [`Deadline`].
    pub fn set_timeout(&self, timeout: Duration) {
        self.move_to(self.timer.now() + timeout);
    }

    /// Moves its own deadline, earlier or later, to a moment on the timer's clock. `None` takes it away,
    /// as [`Instant::FAR_FUTURE`] does. Those that it is nested in stay.
    ///
    /// From whatever thread or interrupt: sources that wait are woken.
    ///
    /// # Panics
    ///
    /// As [`set_timeout`](Deadline::set_timeout).
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
    /// use cancel_core::Deadline;
    /// use std::time::Duration;
    ///
    /// let deadline = Deadline::new(Clock).timeout(Duration::from_secs(1));
    /// deadline.set_deadline(None);
    /// assert_eq!(deadline.deadline(), None);
    /// ```
    pub fn set_deadline(&self, at: impl IntoDeadline<R>) {
        let at = at.into_deadline();
        self.move_to(at.unwrap_or(Instant::FAR_FUTURE));
    }

    fn move_to(&self, at: Instant) {
        let hub: *const Hub = &self.hub;
        let mark = Entry::new(Kind::Mark);
        // SAFETY: alive; L1. The mark is out when `wake_before` is over, whatever panics (E4).
        unsafe {
            let mut held = Hub::lock(hub);
            self.at.set(at);
            if (*hub).list.is_empty() {
                return Hub::unlock(hub, held);
            }
            (*hub).list.push_back(&mark);
            // Relaxed: read under the lock.
            mark.queued.store(true, Relaxed);
            held.flags |= NONEMPTY;
            wake_before(&mark, hub, held);
        }
    }

    /// Its own. `FAR_FUTURE`: none.
    fn own(&self) -> Instant {
        // SAFETY: alive; L1.
        unsafe {
            let held = Hub::lock(&self.hub);
            let at = self.at.get();
            Hub::unlock(&self.hub, held);
            at
        }
    }

    /// Returns the effective deadline: the earliest of its own and those it is nested in. `None` if
    /// there is none.
    ///
    /// # Examples
    ///
    /// See [`set_deadline`](Deadline::set_deadline).
    pub fn deadline(&self) -> Option<Instant> {
        let all = core::iter::successors(Some(self), |deadline| deadline.outer);
        let earliest = all.fold(Instant::FAR_FUTURE, |earliest, one| earliest.min(one.own()));
        (earliest != Instant::FAR_FUTURE).then_some(earliest)
    }

    /// Returns the time to the effective deadline: zero if it has passed, `None` if there is none.
    ///
    /// # Examples
    ///
    /// See [`Deadline`].
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline()?;
        Some(deadline - self.timer.now())
    }

    /// `Err` if the token is cancelled, or if the effective deadline has passed: then this cancels the
    /// token, reason *timeout*. For work that runs long without an await.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the token's cause.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`].
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
    /// use cancel_core::{Deadline, Reason, Token};
    /// use std::time::Duration;
    ///
    /// let token = Token::new();
    /// let deadline = Deadline::new(Clock).timeout(Duration::from_secs(1));
    /// assert!(deadline.check(&token).is_ok());
    /// deadline.set_timeout(Duration::ZERO);
    /// assert_eq!(deadline.check(&token).unwrap_err().reason(), Reason::Timeout);
    /// assert!(token.is_cancelled());
    /// ```
    pub fn check(&self, token: &Token) -> Result<(), Cancelled> {
        token.check()?;
        if self.remaining() != Some(Duration::ZERO) {
            return Ok(());
        }
        token.cancel_with(Reason::Timeout);
        match token.cause() {
            Some(cancelled) => Err(cancelled),
            // One that is never cancelled.
            None => Err(Cancelled::from(Cause::new(Reason::Timeout))),
        }
    }

    /// A source for a [`Scope`](crate::Scope), which fires at this deadline, reason *timeout*, and
    /// follows it when it is moved. Those it is nested in have sources of their own, in the scopes
    /// that they belong to.
    ///
    /// If the timer fails, it fires with [`Reason::Error`].
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

impl<R: Timer> fmt::Debug for Deadline<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline")
            .field("effective", &self.deadline())
            .finish_non_exhaustive()
    }
}

/// Wakes the sources in front of `mark`, takes the mark out, and unlocks (L3).
///
/// # Safety
///
/// `hub` is alive, and `held` its lock; `mark` was put into its list.
unsafe fn wake_before(mark: *const Entry, hub: *const Hub, mut held: Held) {
    /// A panic on its way through (without `std`): the rest is woken first.
    struct RestOfSources(*const Entry, *const Hub);
    impl Drop for RestOfSources {
        fn drop(&mut self) {
            // SAFETY: alive; no lock is held.
            unsafe { wake_before(self.0, self.1, Hub::lock(self.1)) }
        }
    }
    // SAFETY: alive; E1 by the lock. Out of the list first, then the waker (H4), which is woken
    // outside the lock (H3).
    unsafe {
        let mut panics = Panics::new();
        // Relaxed: `queued` of our own mark changes under the lock only.
        while (*mark).queued.load(Relaxed) {
            // There is a first entry: the mark, at the latest.
            let first = (*hub).list.first();
            (*hub).list.unlink(first);
            if (*hub).list.is_empty() {
                held.flags &= !NONEMPTY;
            }
            if (*first).kind == Kind::Mark {
                // The last touch: its owner sees it under the lock.
                (*first).queued.store(false, Relaxed);
                Hub::unlock(hub, held);
            } else {
                let waker = Hub::take_waker(first.cast::<Waiter>());
                Hub::unlock(hub, held);
                let rest = RestOfSources(mark, hub);
                panics.guard(|| waker.wake());
                core::mem::forget(rest);
            }
            held = Hub::lock(hub);
        }
        Hub::unlock(hub, held);
        panics.resume();
    }
}

/// The place of a source in the list of its deadline.
struct Waiting<'d, R> {
    waiter: Waiter,
    deadline: &'d Deadline<'d, R>,
    /// The list points to `waiter`.
    _pinned: PhantomPinned,
}

// SAFETY: the waiter's cells are used under the hub's lock, or by whoever polls; wakers are
// `Send + Sync`.
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
        // A hub that is never cancelled keeps whoever enters (L1), but a change may take it out at
        // any time: then it has not been entered, and is.
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
                // Moved while its waker was on its way.
                Poll::Ready(Ok(())) if deadline.own() > *this.armed => continue,
                Poll::Ready(Ok(())) => Poll::Ready(Cause::new(Reason::Timeout)),
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
