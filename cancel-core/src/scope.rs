//! The runner: a body beside the sources that may ask for its cancelation.

use crate::cause::Cause;
use crate::error::Cancelled;
use crate::future::WaitForCancel;
use crate::reason::Reason;
use crate::rt::TimerError;
use crate::token::TokenRef;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use pin_project_lite::pin_project;

pin_project! {
    /// Runs a body until it is ready, its token is cancelled, or a source asks for the token's
    /// cancelation.
    ///
    /// A *source* is a future that resolves to a [`Cause`]: a [deadline](DeadlineSource), a signal,
    /// anything. One future polls all of them in turn, so no helper task is needed, and whichever
    /// way it ends, everything is gone with it.
    ///
    /// Each poll goes on like this:
    ///
    /// 1. If the token is cancelled, the body is dropped and not polled again.
    /// 2. The body is polled. If it is ready, that is the result.
    /// 3. The source is polled. If it is ready, it cancels the token with its cause (children and
    ///    callbacks included), and the body is dropped.
    ///
    /// So a token that was cancelled beforehand means that the body is never polled. With
    /// [`Token::never`](crate::Token::never) the source alone ends the run.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the token's cause. The body has been dropped by then.
    ///
    /// # Fairness
    ///
    /// In a tie the body wins. A body that is always ready keeps the sources from being polled only
    /// in polls in which it is ready, so never for long.
    ///
    /// # Panics
    ///
    /// Polling again after the end panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body, the source and the registration with the token, which is not
    /// cancelled by that.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Cause, Reason, Scope};
    /// use std::future::{pending, ready};
    ///
    /// let token = CancelToken::new();
    /// let child = token.child();
    /// let source = ready(Cause::from((Reason::Condition, "disk full")));
    /// let result = smol::block_on(Scope::new(&*token, pending::<()>(), source));
    /// assert_eq!(result.unwrap_err().message(), Some("disk full"));
    /// assert!(child.is_cancelled());
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Scope<B, S, T: TokenRef> {
        #[pin]
        body: Option<B>,
        #[pin]
        source: Option<S>,
        #[pin]
        token: WaitForCancel<T>,
    }
}

impl<B: Future, S: Future<Output = Cause>, T: TokenRef> Scope<B, S, T> {
    /// A run of `body` under `token`, with one source. Nothing happens before the first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Token};
    ///
    /// let token = Token::new();
    /// let run = Scope::new(&token, async { 5 }, std::future::pending());
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn new(token: T, body: B, source: S) -> Self {
        Scope {
            body: Some(body),
            source: Some(source),
            token: WaitForCancel::new(token),
        }
    }
}

impl<B: Future, S: Future<Output = Cause>, T: TokenRef> Future for Scope<B, S, T> {
    type Output = Result<B::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !this.token.token().is_cancelled() {
            let body = this.body.as_mut().as_pin_mut();
            let body = body.expect("`Scope` polled after its end");
            if let Poll::Ready(output) = body.poll(cx) {
                this.body.set(None);
                this.source.set(None);
                return Poll::Ready(Ok(output));
            }
            if let Some(source) = this.source.as_mut().as_pin_mut() {
                if let Poll::Ready(cause) = source.poll(cx) {
                    this.source.set(None);
                    if !this.token.token().may_be_cancelled() {
                        // A token that is never cancelled does not keep the body from ending.
                        this.body.set(None);
                        return Poll::Ready(Err(Cancelled::from(cause)));
                    }
                    this.token.token().cancel_with(cause);
                }
            }
        }
        // Also registers the waker, so that a cancel from elsewhere gets through.
        let cancelled = ready!(this.token.as_mut().poll(cx));
        assert!(this.body.is_some(), "`Scope` polled after its end");
        this.body.set(None);
        this.source.set(None);
        Poll::Ready(Err(cancelled))
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
    /// let run = Scope::new(&token, pending::<()>(), DeadlineSource::new(sleep));
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
    /// A source of the sleep of a [`Timer`](crate::Timer).
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

#[cfg(feature = "alloc")]
fn failed(error: TimerError) -> Cause {
    Cause::new(Reason::Error)
        .with_message("the timer of the deadline failed")
        .with_error(error)
}

#[cfg(not(feature = "alloc"))]
fn failed(_: TimerError) -> Cause {
    static FAILED: crate::cause::StaticCause =
        crate::cause::StaticCause::new(Reason::Error, "the timer of the deadline failed");
    Cause::from(&FAILED)
}
