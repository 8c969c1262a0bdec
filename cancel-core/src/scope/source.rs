//! Sources: futures that ask for a cancelation by resolving to a cause.

use crate::cause::Cause;
use crate::cause::Reason;
use crate::rt::TimerError;
#[cfg(not(feature = "alloc"))]
use crate::sync::static_cause;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use pin_project_lite::pin_project;

/// An error of the runner's own, with a message that needs no heap.
#[cfg(feature = "alloc")]
macro_rules! error {
    ($message:literal) => {
        Cause::new(Reason::Error).with_message($message)
    };
}

#[cfg(not(feature = "alloc"))]
macro_rules! error {
    ($message:literal) => {
        static_cause!(crate::cause::StaticCause, Cause, Reason::Error, $message)
    };
}

pin_project! {
    /// Resolves with the first of two sources. Made by [`any_of`].
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the two.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason, any_of};
    /// use std::future::{pending, ready};
    ///
    /// let first = any_of(pending::<Cause>(), ready(Cause::new(Reason::Condition)));
    /// assert_eq!(smol::block_on(first).reason(), Reason::Condition);
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct AnyOf<A, B> {
        #[pin]
        a: A,
        #[pin]
        b: B,
    }
}

/// Creates a source that fires when the first of two does, with its cause.
///
/// For more than two, nest it; `a` is asked before `b`.
///
/// # Examples
///
/// ```
/// use cancel_core::{DeadlineSource, Scope, Token, any_of};
/// use std::future::{pending, ready};
///
/// let (token, stop) = (Token::new(), Token::new());
/// stop.cancel_with("pressed");
/// let source = any_of(DeadlineSource::new(pending()), stop.cancelled());
/// let run = Scope::new(&token, pending::<()>()).source(source);
/// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("pressed"));
/// ```
pub fn any_of<A, B>(a: A, b: B) -> AnyOf<A, B>
where
    A: Future<Output: Into<Cause>>,
    B: Future<Output: Into<Cause>>,
{
    AnyOf { a, b }
}

impl<A, B> Future for AnyOf<A, B>
where
    A: Future<Output: Into<Cause>>,
    B: Future<Output: Into<Cause>>,
{
    type Output = Cause;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cause> {
        let this = self.project();
        match this.a.poll(cx) {
            Poll::Ready(cause) => Poll::Ready(cause.into()),
            Poll::Pending => this.b.poll(cx).map(Into::into),
        }
    }
}

pin_project! {
    /// Resolves with the second of two sources to fire. Made by [`all_of`].
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the two.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, all_of};
    /// use std::future::ready;
    ///
    /// let both = all_of(ready(Reason::Timeout), ready(Reason::Condition));
    /// assert_eq!(smol::block_on(both).reason(), Reason::Condition);
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct AllOf<A, B> {
        #[pin]
        a: Option<A>,
        #[pin]
        b: Option<B>,
    }
}

/// Creates a source that fires when both have fired, with the cause of the later one.
///
/// For more than two, nest it. If both fire in the same poll, `b` counts as the later.
///
/// # Examples
///
/// ```
/// use cancel_core::{Reason, Scope, Token, all_of};
/// use std::future::{pending, ready};
///
/// let token = Token::new();
/// let source = all_of(ready(Reason::Timeout), ready(Reason::Condition));
/// let run = Scope::new(&token, pending::<()>()).source(source);
/// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Condition);
/// ```
pub fn all_of<A, B>(a: A, b: B) -> AllOf<A, B>
where
    A: Future<Output: Into<Cause>>,
    B: Future<Output: Into<Cause>>,
{
    AllOf {
        a: Some(a),
        b: Some(b),
    }
}

impl<A, B> Future for AllOf<A, B>
where
    A: Future<Output: Into<Cause>>,
    B: Future<Output: Into<Cause>>,
{
    type Output = Cause;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cause> {
        let mut this = self.project();
        let mut last = None;
        if let Some(a) = this.a.as_mut().as_pin_mut() {
            if let Poll::Ready(cause) = a.poll(cx) {
                this.a.set(None);
                last = Some(cause.into());
            }
        }
        if let Some(b) = this.b.as_mut().as_pin_mut() {
            if let Poll::Ready(cause) = b.poll(cx) {
                this.b.set(None);
                last = Some(cause.into());
            }
        }
        match last {
            Some(cause) if this.a.is_none() && this.b.is_none() => Poll::Ready(cause),
            _ => Poll::Pending,
        }
    }
}

pin_project! {
    /// A source that fires when a sleep is over: reason [`Reason::Timeout`].
    ///
    /// If the timer fails, it fires with [`Reason::Error`] and says so: work with a deadline does not
    /// go on without one unnoticed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{DeadlineSource, Reason, Scope, Token};
    /// use std::future::{pending, ready};
    ///
    /// let token = Token::new();
    /// let sleep = ready(Ok(())); // that of a `Timer`
    /// let run = Scope::new(&token, pending::<()>()).source(DeadlineSource::new(sleep));
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct DeadlineSource<S> {
        #[pin]
        sleep: S,
    }
}

impl<S: Future<Output = Result<(), TimerError>>> DeadlineSource<S> {
    /// Creates a source from the sleep of a [`Timer`](crate::Timer).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{DeadlineSource, Reason};
    ///
    /// let source = DeadlineSource::new(std::future::ready(Ok(())));
    /// assert_eq!(smol::block_on(source).reason(), Reason::Timeout);
    /// ```
    pub fn new(sleep: S) -> Self {
        DeadlineSource { sleep }
    }
}

impl<S: Future<Output = Result<(), TimerError>>> Future for DeadlineSource<S> {
    type Output = Cause;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cause> {
        Poll::Ready(match ready!(self.project().sleep.poll(cx)) {
            Ok(()) => Cause::new(Reason::Timeout),
            Err(error) => failed(error),
        })
    }
}

/// How long a time limit was, for the cause of its timeout. Without a heap causes cannot say that, and
/// nothing is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct SaidLimit {
    #[cfg(feature = "alloc")]
    length: Duration,
}

impl SaidLimit {
    #[cfg_attr(not(feature = "alloc"), allow(unused_variables))]
    pub(super) const fn new(length: Duration) -> Self {
        SaidLimit {
            #[cfg(feature = "alloc")]
            length,
        }
    }

    /// Adds it to the cause of a [`DeadlineSource`], unless that is an error of the timer.
    pub(super) fn into_cause(self, cause: Cause) -> Cause {
        #[cfg(feature = "alloc")]
        if cause.reason() == Reason::Timeout {
            return cause.with_limit(self.length);
        }
        cause
    }
}

#[cfg(feature = "alloc")]
pub(crate) fn failed(error: TimerError) -> Cause {
    error!("the timer of the deadline failed").with_error(error)
}

#[cfg(not(feature = "alloc"))]
pub(crate) fn failed(_: TimerError) -> Cause {
    error!("the timer of the deadline failed")
}

/// The cause of a source that has panicked.
pub(crate) fn broken() -> Cause {
    error!("a source panicked")
}

/// The error of a scope whose shields another scope uses.
pub(crate) fn in_use() -> Cause {
    error!("the shields are used by another scope")
}
