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
use crate::cause::{HasId, TokenId};
use crate::rt::{Instant, IntoDeadline, Timer};
use crate::sync::{Held, LockedCell, Panics, Relaxed, const_fn};
use crate::token::Token;
use crate::tree::{Entry, Hub, Kind, NONEMPTY, Waiter};
use core::fmt;
use core::time::Duration;

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
    pub(super) hub: Hub,
    /// Its own; `FAR_FUTURE`: none.
    at: LockedCell<Instant>,
    /// The timeout that `at` was made of, for those who are told.
    #[cfg(feature = "alloc")]
    limit: LockedCell<Option<Duration>>,
    pub(super) timer: R,
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
        /// Creates a deadline that is not set.
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
                #[cfg(feature = "alloc")]
                limit: LockedCell::new(None),
                timer,
                outer: None,
            }
        }
    }
}

impl<'o, R: Timer> Deadline<'o, R> {
    /// Creates a deadline nested in `outer`. It is not set, and uses the same timer.
    ///
    /// The outer deadline limits [`remaining`](Deadline::remaining), [`deadline`](Deadline::deadline) and
    /// [`check`](Deadline::check), and nothing else: the outer deadline is kept by the outer scope,
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
        // SAFETY: nobody else can reach the cells.
        unsafe { self.set(at, Some(timeout)) };
        self
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
        // SAFETY: nobody else can reach the cells.
        unsafe { self.set(at, None) };
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
        self.move_to(self.timer.now() + timeout, Some(timeout));
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
        self.move_to(at.unwrap_or(Instant::FAR_FUTURE), None);
    }

    /// # Safety
    ///
    /// Under the lock, or where nobody else can reach it.
    unsafe fn set(&self, at: Instant, _limit: Option<Duration>) {
        // SAFETY: L1, by the caller.
        unsafe {
            self.at.set(at);
            #[cfg(feature = "alloc")]
            self.limit.set(_limit);
        }
    }

    fn move_to(&self, at: Instant, limit: Option<Duration>) {
        let hub: *const Hub = &self.hub;
        let mark = Entry::new(Kind::Mark);
        // SAFETY: alive; L1. The mark is out when `wake_before` is over, whatever panics (E4).
        unsafe {
            let mut held = Hub::lock(hub);
            self.set(at, limit);
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
    pub(super) fn own(&self) -> Instant {
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
        let (earliest, _) = self.earliest();
        (earliest != Instant::FAR_FUTURE).then_some(earliest)
    }

    /// The effective deadline, and whose it is: of equal ones the outermost's.
    pub(super) fn earliest(&self) -> (Instant, &Self) {
        let all = core::iter::successors(self.outer, |deadline| deadline.outer);
        all.fold((self.own(), self), |(earliest, whose), one| {
            let at = one.own();
            match at <= earliest {
                true => (at, one),
                false => (earliest, whose),
            }
        })
    }

    /// The cause, for this one, of a timeout of `whose`: itself, or one that it is nested in.
    pub(super) fn cause(&self, whose: &Self) -> Cause {
        let cause = Cause::new(Reason::Timeout).or_from(HasId::id(whose));
        #[cfg(feature = "alloc")]
        let cause = match whose.limit() {
            Some(limit) => cause.with_limit(limit),
            None => cause,
        };
        match core::ptr::eq(self, whose) {
            true => cause,
            false => cause.inherited(),
        }
    }

    #[cfg(feature = "alloc")]
    fn limit(&self) -> Option<Duration> {
        // SAFETY: alive; L1.
        unsafe {
            let held = Hub::lock(&self.hub);
            let limit = self.limit.get();
            Hub::unlock(&self.hub, held);
            limit
        }
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

    /// Checks the token, and the effective deadline: if that has passed, this cancels the token. For
    /// work that runs long without an await.
    ///
    /// The cause is that of the [`source`](Deadline::source).
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the token's cause, if the token is cancelled.
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
        let (at, whose) = self.earliest();
        if at == Instant::FAR_FUTURE || self.timer.now() < at {
            return Ok(());
        }
        token.cancel_with(self.cause(whose));
        match token.cause() {
            Some(cancelled) => Err(cancelled),
            // One that is never cancelled.
            None => Err(Cancelled::from(self.cause(whose))),
        }
    }
}

/// Its address: the same for as long as the deadline stays in its place, and that of no token meanwhile.
///
/// # Examples
///
/// ```
/// # use cancel_core::{Instant, Timer, TimerError};
/// # use std::time::Duration;
/// # #[derive(Clone)]
/// # struct Clock;
/// # impl Timer for Clock {
/// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
/// #     fn now(&self) -> Instant { Instant::EPOCH + Duration::from_secs(60) }
/// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
/// # }
/// use cancel_core::{Deadline, Token};
///
/// let token = Token::new();
/// let whole = Deadline::new(Clock).timeout(Duration::ZERO);
/// let step = Deadline::nested(&whole).timeout(Duration::from_secs(30));
/// let cancelled = step.check(&token).unwrap_err();
/// assert!(cancelled.is_from(&whole) && !cancelled.is_from(&step));
/// ```
impl<R> HasId for Deadline<'_, R> {
    fn id(&self) -> TokenId {
        TokenId::of(&self.hub)
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
