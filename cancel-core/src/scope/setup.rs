//! What a scope is set up with: one type inside another, as iterator adaptors are, so that each pays for
//! itself alone and the whole has a name.

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::rt::Timer;
use crate::scope::holds::{Hold, Holds};
use crate::scope::shields::Shields;
use crate::scope::source::broken;
use crate::sync::Panics;
use core::future::{Future, Ready};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use futures_core::Stream;
use pin_project_lite::pin_project;

/// What the runner asks of its set-up. Hidden: layers implement it, which may change at any time.
///
/// The runner contains panics of every call but `has_end`, `holds` and `around`. Where several parts
/// are asked in one call, each is contained by itself.
pub trait Setup {
    /// What is polled after the body.
    type Cleanup: Future<Output = ()>;

    /// Whether there is something to do at the end that takes time: a grace period, a cleanup. Asked
    /// once, when the body has begun.
    fn has_end(&self) -> bool;

    /// What may keep the body.
    fn holds(&self) -> Option<&Holds>;

    /// Called once, when the runner sees that the body is to end: before it is dropped, or its grace
    /// period begins. (Not for a body that never began.)
    fn asked(self: Pin<&mut Self>, cancelled: &Cancelled);

    /// The next cause of a source. None: there is no source any more.
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>>;

    /// Begins the grace period. False: there is none.
    fn begin_grace(self: Pin<&mut Self>) -> bool;

    /// Ready: it is over.
    fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// It is over, or to be.
    fn end_grace(self: Pin<&mut Self>);

    /// The body is gone.
    fn start_cleanup(self: Pin<&mut Self>) -> Option<Self::Cleanup>;

    /// A poll of the scope ends. With a waker: it waits, and holds what is around it.
    fn around(self: Pin<&mut Self>, waits: Option<&Waker>);

    /// The end: drops the sources.
    fn end(self: Pin<&mut Self>, panics: &mut Panics);
}

/// The set-up of a [`Scope`](crate::Scope) that has a token and a body, and nothing else.
///
/// # Examples
///
/// ```
/// use cancel_core::{Bare, Scope, Token};
/// use std::future::{Ready, ready};
///
/// static STOP: Token = Token::new();
///
/// struct Job {
///     run: Scope<&'static Token, Ready<u32>, Bare>,
/// }
///
/// let job = Job { run: Scope::new(&STOP, ready(5)) };
/// assert_eq!(smol::block_on(job.run), Ok(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Setup for Bare {
    type Cleanup = Ready<()>;

    #[inline]
    fn has_end(&self) -> bool {
        false
    }
    #[inline]
    fn holds(&self) -> Option<&Holds> {
        None
    }
    #[inline]
    fn asked(self: Pin<&mut Self>, _: &Cancelled) {}
    #[inline]
    fn poll_source(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut Panics,
    ) -> Poll<Option<Cause>> {
        Poll::Ready(None)
    }
    #[inline]
    fn begin_grace(self: Pin<&mut Self>) -> bool {
        false
    }
    #[inline]
    fn poll_grace(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    #[inline]
    fn end_grace(self: Pin<&mut Self>) {}
    #[inline]
    fn start_cleanup(self: Pin<&mut Self>) -> Option<Ready<()>> {
        None
    }
    #[inline]
    fn around(self: Pin<&mut Self>, _: Option<&Waker>) {}
    #[inline]
    fn end(self: Pin<&mut Self>, _: &mut Panics) {}
}

/// Methods that only go on to the set-up inside.
macro_rules! forward {
    () => {};
    (Cleanup $($rest:ident)*) => {
        type Cleanup = E::Cleanup;
        forward!($($rest)*);
    };
    (has_end $($rest:ident)*) => {
        #[inline]
        fn has_end(&self) -> bool {
            self.inside.has_end()
        }
        forward!($($rest)*);
    };
    (holds $($rest:ident)*) => {
        #[inline]
        fn holds(&self) -> Option<&Holds> {
            self.inside.holds()
        }
        forward!($($rest)*);
    };
    (asked $($rest:ident)*) => {
        #[inline]
        fn asked(self: Pin<&mut Self>, cancelled: &Cancelled) {
            self.project().inside.asked(cancelled);
        }
        forward!($($rest)*);
    };
    (poll_source $($rest:ident)*) => {
        #[inline]
        fn poll_source(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            panics: &mut Panics,
        ) -> Poll<Option<Cause>> {
            self.project().inside.poll_source(cx, panics)
        }
        forward!($($rest)*);
    };
    (grace $($rest:ident)*) => {
        #[inline]
        fn begin_grace(self: Pin<&mut Self>) -> bool {
            self.project().inside.begin_grace()
        }
        #[inline]
        fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.project().inside.poll_grace(cx)
        }
        #[inline]
        fn end_grace(self: Pin<&mut Self>) {
            self.project().inside.end_grace();
        }
        forward!($($rest)*);
    };
    (start_cleanup $($rest:ident)*) => {
        #[inline]
        fn start_cleanup(self: Pin<&mut Self>) -> Option<E::Cleanup> {
            self.project().inside.start_cleanup()
        }
        forward!($($rest)*);
    };
    (around $($rest:ident)*) => {
        #[inline]
        fn around(self: Pin<&mut Self>, waits: Option<&Waker>) {
            self.project().inside.around(waits);
        }
        forward!($($rest)*);
    };
    (end $($rest:ident)*) => {
        #[inline]
        fn end(self: Pin<&mut Self>, panics: &mut Panics) {
            self.project().inside.end(panics);
        }
        forward!($($rest)*);
    };
}

pin_project! {
    /// A set-up with one more source. Made by [`Scope::source`](crate::Scope::source).
    ///
    /// # Examples
    ///
    /// A job with a deadline, in a struct:
    ///
    /// ```
    /// # use cancel_core::{Instant, Timer, TimerError};
    /// # use std::time::Duration;
    /// # #[derive(Clone)]
    /// # struct Clock;
    /// # impl Timer for Clock {
    /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
    /// # }
    /// use cancel_core::{Bare, Deadline, Reason, Scope, Token, UntilDeadline, WithSource};
    /// use std::future::{Pending, pending};
    ///
    /// static STOP: Token = Token::new();
    /// static LIMIT: Deadline<'static, Clock> = Deadline::new(Clock);
    ///
    /// struct Job {
    ///     run: Scope<&'static Token, Pending<()>, WithSource<Bare, UntilDeadline<'static, Clock>>>,
    /// }
    ///
    /// LIMIT.set_timeout(Duration::from_millis(5));
    /// let job = Job { run: Scope::new(&STOP, pending()).source(LIMIT.source()) };
    /// assert_eq!(smol::block_on(job.run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[derive(Debug)]
    pub struct WithSource<E, S> {
        #[pin]
        inside: E,
        #[pin]
        source: Option<S>,
    }
}

impl<E, S> WithSource<E, S> {
    pub(crate) fn new(inside: E, source: S) -> Self {
        WithSource {
            inside,
            source: Some(source),
        }
    }
}

impl<E, S> Setup for WithSource<E, S>
where
    E: Setup,
    S: Future<Output: Into<Cause>>,
{
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>> {
        let mut this = self.project();
        let inside = this.inside.poll_source(cx, panics);
        if let Poll::Ready(Some(_)) = inside {
            return inside;
        }
        let Some(source) = this.source.as_mut().as_pin_mut() else {
            return inside;
        };
        let cause = match panics.guard(|| source.poll(cx).map(Into::into)) {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(cause)) => cause,
            None => broken(),
        };
        panics.guard(|| this.source.set(None));
        Poll::Ready(Some(cause))
    }

    fn end(self: Pin<&mut Self>, panics: &mut Panics) {
        let mut this = self.project();
        this.inside.end(panics);
        panics.guard(|| this.source.set(None));
    }

    forward!(Cleanup has_end holds asked grace start_cleanup around);
}

pin_project! {
    /// A set-up with a stream of sources more. Made by [`Scope::sources`](crate::Scope::sources).
    ///
    /// # Examples
    ///
    /// See [`Scope::sources`](crate::Scope::sources).
    #[derive(Debug)]
    pub struct WithSources<E, S> {
        #[pin]
        inside: E,
        #[pin]
        sources: Option<S>,
    }
}

impl<E, S> WithSources<E, S> {
    pub(crate) fn new(inside: E, sources: S) -> Self {
        WithSources {
            inside,
            sources: Some(sources),
        }
    }
}

impl<E, S> Setup for WithSources<E, S>
where
    E: Setup,
    S: Stream<Item: Into<Cause>>,
{
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>> {
        let mut this = self.project();
        let inside = this.inside.poll_source(cx, panics);
        if let Poll::Ready(Some(_)) = inside {
            return inside;
        }
        let Some(sources) = this.sources.as_mut().as_pin_mut() else {
            return inside;
        };
        match panics.guard(|| sources.poll_next(cx).map(|next| next.map(Into::into))) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(Some(cause))) => Poll::Ready(Some(cause)),
            Some(Poll::Ready(None)) => {
                panics.guard(|| this.sources.set(None));
                inside
            }
            None => {
                panics.guard(|| this.sources.set(None));
                Poll::Ready(Some(broken()))
            }
        }
    }

    fn end(self: Pin<&mut Self>, panics: &mut Panics) {
        let mut this = self.project();
        this.inside.end(panics);
        panics.guard(|| this.sources.set(None));
    }

    forward!(Cleanup has_end holds asked grace start_cleanup around);
}

pin_project! {
    /// A set-up with shields. Made by [`Scope::shields`](crate::Scope::shields).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Bare, Scope, Shields, Token, WithShields};
    /// use std::future::{Ready, ready};
    ///
    /// static STOP: Token = Token::new();
    /// static SHIELDS: Shields<'static> = Shields::new();
    ///
    /// struct Job {
    ///     run: Scope<&'static Token, Ready<u32>, WithShields<'static, Bare>>,
    /// }
    ///
    /// let job = Job { run: Scope::new(&STOP, ready(5)).shields(&SHIELDS) };
    /// assert_eq!(smol::block_on(job.run), Ok(5));
    /// ```
    #[derive(Debug)]
    pub struct WithShields<'s, E> {
        #[pin]
        inside: E,
        shields: &'s Shields<'s>,
        // In the scope around.
        #[pin]
        around: Option<Hold<'s>>,
    }

    impl<E> PinnedDrop for WithShields<'_, E> {
        fn drop(this: Pin<&mut Self>) {
            this.shields.holds.clear();
        }
    }
}

impl<'s, E> WithShields<'s, E> {
    pub(crate) fn new(inside: E, shields: &'s Shields<'s>) -> Self {
        WithShields {
            inside,
            shields,
            around: shields.outer.map(|outer| Hold::new(&outer.holds)),
        }
    }
}

impl<E: Setup> Setup for WithShields<'_, E> {
    #[inline]
    fn holds(&self) -> Option<&Holds> {
        Some(&self.shields.holds)
    }

    fn around(self: Pin<&mut Self>, waits: Option<&Waker>) {
        let this = self.project();
        this.inside.around(waits);
        if let Some(around) = this.around.as_pin_mut() {
            match waits {
                Some(waker) => around.keep(waker),
                None => around.release(),
            }
        }
    }

    forward!(Cleanup has_end asked poll_source grace start_cleanup end);
}

pin_project! {
    /// A set-up with a grace period. Made by [`Scope::grace`](crate::Scope::grace).
    ///
    /// # Examples
    ///
    /// See [`Scope::grace`](crate::Scope::grace).
    #[derive(Debug)]
    pub struct WithGrace<E, R>
    where
        R: Timer,
    {
        #[pin]
        inside: E,
        timer: R,
        period: Duration,
        #[pin]
        left: Option<R::Sleep>,
    }
}

impl<E, R: Timer> WithGrace<E, R> {
    pub(crate) fn new(inside: E, timer: R, period: Duration) -> Self {
        WithGrace {
            inside,
            timer,
            period,
            left: None,
        }
    }
}

impl<E: Setup, R: Timer> Setup for WithGrace<E, R> {
    fn has_end(&self) -> bool {
        !self.period.is_zero() || self.inside.has_end()
    }

    fn begin_grace(self: Pin<&mut Self>) -> bool {
        let mut this = self.project();
        if this.period.is_zero() {
            return false;
        }
        let sleep = this.timer.sleep(*this.period);
        this.left.set(Some(sleep));
        true
    }

    fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().left.as_pin_mut() {
            // An error counts as its end, too.
            Some(left) => left.poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    fn end_grace(self: Pin<&mut Self>) {
        self.project().left.set(None);
    }

    forward!(Cleanup holds asked poll_source start_cleanup around end);
}

pin_project! {
    /// A set-up with a cleanup. Made by [`Scope::finally`](crate::Scope::finally).
    ///
    /// # Examples
    ///
    /// See [`Scope::finally`](crate::Scope::finally).
    #[derive(Debug)]
    pub struct WithCleanup<E, F> {
        #[pin]
        inside: E,
        cleanup: Option<F>,
    }
}

impl<E, F> WithCleanup<E, F> {
    pub(crate) fn new(inside: E, cleanup: F) -> Self {
        WithCleanup {
            inside,
            cleanup: Some(cleanup),
        }
    }
}

impl<E, F, W> Setup for WithCleanup<E, F>
where
    E: Setup,
    F: FnOnce() -> W,
    W: Future<Output = ()>,
{
    type Cleanup = W;

    fn has_end(&self) -> bool {
        true
    }

    fn start_cleanup(self: Pin<&mut Self>) -> Option<W> {
        self.project().cleanup.take().map(|cleanup| cleanup())
    }

    forward!(holds asked poll_source grace around end);
}
