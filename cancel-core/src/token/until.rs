//! Running a future until a token is cancelled.

use crate::cause::Cancelled;
use crate::token::accept::{AsToken, IntoToken};
use crate::token::base::{Token, TokenRef};
use crate::token::wait::WaitForCancel;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use futures_core::FusedFuture;
use pin_project_lite::pin_project;

pin_project! {
    /// A future or a stream, and the wait beside it. The work goes first when both are dropped.
    #[derive(Debug)]
    pub(crate) struct Beside<W, T: TokenRef> {
        #[pin]
        pub(crate) work: W,
        #[pin]
        pub(crate) wait: WaitForCancel<T>,
    }
}

impl<W, T: TokenRef> Beside<W, T> {
    #[inline(always)]
    pub(crate) fn new(work: W, token: T) -> Self {
        Beside {
            work,
            wait: WaitForCancel::new(token),
        }
    }
}

pin_project! {
    /// A future that runs until it is ready or a token is cancelled.
    ///
    /// Made by [`CancelFutureExt::until_cancelled`] and [`Token::run_until_cancelled`].
    ///
    /// When it resolves, either way, it drops the future inside and lets go of the token before it
    /// returns, also if it is polled by reference and stays in scope. It is not `Unpin`, whatever is
    /// inside, because a [`WaitForCancel`] is not.
    ///
    /// # Panics
    ///
    /// If it is polled again after it has resolved. [`FusedFuture::is_terminated`] tells, so
    /// `futures::select!` takes it in a loop.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the future inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelFutureExt, Token};
    ///
    /// let token = Token::new();
    /// let result = smol::block_on(async { 5 }.until_cancelled(&token));
    /// assert_eq!(result, Ok(5));
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct UntilCancelled<F, T: TokenRef> {
        // `None`: it has resolved.
        #[pin]
        running: Option<Beside<F, T>>,
    }
}

impl<F: Future, T: TokenRef> UntilCancelled<F, T> {
    // Always: the moves of the future on its way to its place are left out only if this is inlined.
    #[inline(always)]
    pub(crate) fn new(future: F, token: T) -> Self {
        UntilCancelled {
            running: Some(Beside::new(future, token)),
        }
    }
}

impl<F: Future, T: TokenRef> Future for UntilCancelled<F, T> {
    type Output = Result<F::Output, Cancelled>;

    // Always: whoever awaits this has one call of it, and then sees that nothing is left to drop.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut running = self.project().running;
        let Some(beside) = running.as_mut().as_pin_mut() else {
            panic!("`UntilCancelled` polled after it has resolved")
        };
        let beside = beside.project();
        // Each way out makes its own result: one that both share is put together byte by byte.
        if !beside.wait.token().is_cancelled() {
            if let Poll::Ready(output) = beside.work.poll(cx) {
                running.set(None);
                return Poll::Ready(Ok(output));
            }
        }
        let cancelled = ready!(beside.wait.poll(cx));
        running.set(None);
        Poll::Ready(Err(cancelled))
    }
}

impl<F: Future, T: TokenRef> FusedFuture for UntilCancelled<F, T> {
    fn is_terminated(&self) -> bool {
        self.running.is_none()
    }
}

/// Methods of every future that stop it with a token.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelFutureExt, Token};
///
/// let token = Token::new();
/// token.cancel_with("not today");
/// let result = smol::block_on(async { unreachable!() }.until_cancelled(&token));
/// let result: Result<(), _> = result;
/// assert_eq!(result.unwrap_err().message(), Some("not today"));
/// ```
pub trait CancelFutureExt: Future + Sized {
    /// Runs the future until it is ready or the token is cancelled, whichever comes first.
    ///
    /// Costs about nothing when the future is ready at once: the token is then only asked, nothing
    /// is registered.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the token was cancelled first. A token that is cancelled beforehand means
    /// that the future is never polled.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the future itself.
    ///
    /// # Fairness
    ///
    /// At each poll the token is asked first: once it is cancelled, the future is not polled again.
    /// If it is cancelled while the future is being polled, and the future is ready then, that wins.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelFutureExt, CancelToken};
    /// use std::future::pending;
    ///
    /// let token = CancelToken::new();
    /// let handle = token.clone();
    /// std::thread::spawn(move || handle.cancel_with("enough"));
    /// let result = smol::block_on(pending::<()>().until_cancelled(&token));
    /// assert_eq!(result.unwrap_err().message(), Some("enough"));
    /// ```
    #[doc(alias = "with_cancellation_token")]
    #[doc(alias = "or_cancelled")]
    #[doc(alias = "Abortable")]
    #[inline(always)]
    fn until_cancelled<A>(self, token: &A) -> UntilCancelled<Self, &Token>
    where
        A: AsToken + ?Sized,
    {
        UntilCancelled::new(self, token.as_token().open())
    }

    /// Runs the future until it is ready or `token` is cancelled; keeps the token.
    ///
    /// The result borrows nothing, so it is `'static` if the future is, and can be spawned.
    ///
    /// # Errors
    ///
    /// As [`until_cancelled`](CancelFutureExt::until_cancelled).
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the future itself.
    ///
    /// # Fairness
    ///
    /// As [`until_cancelled`](CancelFutureExt::until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelFutureExt, CancelToken};
    ///
    /// let token = CancelToken::new();
    /// let task = smol::spawn(async { 5 }.until_cancelled_owned(token.child()));
    /// assert_eq!(smol::block_on(task), Ok(5));
    /// ```
    #[doc(alias = "run_until_cancelled_owned")]
    #[doc(alias = "with_cancellation_token_owned")]
    #[inline(always)]
    fn until_cancelled_owned<T: IntoToken>(self, token: T) -> UntilCancelled<Self, T::Ref> {
        UntilCancelled::new(self, token.into_token().open())
    }
}

impl<F: Future> CancelFutureExt for F {}

impl Token {
    /// Runs `future` until it is ready or the token is cancelled.
    ///
    /// The same as [`CancelFutureExt::until_cancelled`](crate::CancelFutureExt::until_cancelled).
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the token was cancelled first. A token that is cancelled beforehand means
    /// that `future` is never polled.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `future`.
    ///
    /// # Fairness
    ///
    /// At each poll the token is asked first: once it is cancelled, the future is not polled again.
    /// If it is cancelled while the future is being polled, and the future is ready then, that wins.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Token;
    ///
    /// let token = Token::new();
    /// smol::block_on(async {
    ///     assert_eq!(token.run_until_cancelled(async { 5 }).await, Ok(5));
    ///     token.cancel();
    ///     assert!(token.run_until_cancelled(async { 5 }).await.is_err());
    /// });
    /// ```
    #[inline(always)]
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> UntilCancelled<F, &Token> {
        UntilCancelled::new(future, self)
    }
}
