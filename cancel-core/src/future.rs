//! Futures that end with a token: waiting for its cancel, and running something until then.

use crate::error::Cancelled;
use crate::hub::{Hub, Waiter};
use crate::state::{CANCELLED, NEVER};
use crate::token::{Token, TokenRef};
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::FusedFuture;
use pin_project_lite::pin_project;

/// Resolves once a token is cancelled, to the [`Cancelled`] that says why.
///
/// Made by [`Token::cancelled`] (borrowed) and
/// [`CancelToken::cancelled_owned`](crate::CancelToken::cancelled_owned). Polled again after it
/// has resolved, it gives the same answer again.
///
/// # Cancel safety
///
/// Cancel safe: it has no state of its own besides the registration, which its drop removes.
///
/// # Examples
///
/// ```
/// use cancel_core::{Cancelled, Token};
/// use std::pin::pin;
/// use std::task::{Context, Poll, Waker};
///
/// let token = Token::new();
/// let mut wait = pin!(token.cancelled());
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(wait.as_mut().poll(&mut cx).is_pending());
/// token.cancel_with("stop");
/// # use std::future::Future;
/// let Poll::Ready(cancelled) = wait.as_mut().poll(&mut cx) else { panic!() };
/// assert_eq!(cancelled.message(), Some("stop"));
/// ```
#[must_use = "futures do nothing unless awaited"]
pub struct WaitForCancel<T: TokenRef> {
    waiter: Waiter,
    token: T,
    /// The list points to `waiter`.
    _pinned: PhantomPinned,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<WaitForCancel<&Token>>() == 6 * size_of::<usize>());

// SAFETY: the waiter's cells are used under the token's lock, or by whoever polls; wakers are
// `Send + Sync`.
unsafe impl<T: TokenRef + Send> Send for WaitForCancel<T> {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl<T: TokenRef + Sync> Sync for WaitForCancel<T> {}
impl<T: TokenRef> core::panic::UnwindSafe for WaitForCancel<T> {}
impl<T: TokenRef> core::panic::RefUnwindSafe for WaitForCancel<T> {}

impl<T: TokenRef> WaitForCancel<T> {
    #[inline]
    pub(crate) fn new(token: T) -> Self {
        WaitForCancel {
            waiter: Waiter::new(),
            token,
            _pinned: PhantomPinned,
        }
    }

    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// `poll`, without making the result's value: `Ready` with the state word.
    #[inline]
    fn poll_flags(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let this = self.get_ref();
        let hub: *const Hub = &this.token.hub;
        let flags = this.token.hub.word.load();
        if flags & CANCELLED != 0 {
            return Poll::Ready(flags);
        }
        if flags & NEVER != 0 {
            return Poll::Pending;
        }
        // SAFETY: pinned, and the drop takes the waiter out, so it is alive while linked (E4).
        // `T` gives the same hub each time (sealed). Polls are exclusive.
        unsafe { Hub::enter(hub, &this.waiter, cx.waker()) }
    }
}

impl<T: TokenRef> Future for WaitForCancel<T> {
    type Output = Cancelled;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        let this = self.into_ref();
        match this.poll_flags(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(flags) => {
                // SAFETY: the owner's cell, and this is the owner.
                unsafe { this.waiter.entry.spent.set(true) };
                Poll::Ready(this.token.hub.cancelled(flags))
            }
        }
    }
}

impl<T: TokenRef> FusedFuture for WaitForCancel<T> {
    fn is_terminated(&self) -> bool {
        // SAFETY: written by `poll`, which has `&mut` and so excludes this.
        unsafe { self.waiter.entry.spent.get() }
    }
}

impl<T: TokenRef> Drop for WaitForCancel<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: pinned if it was ever entered; the token is alive.
        unsafe { Hub::leave(&self.token.hub, &self.waiter) }
    }
}

impl<T: TokenRef> fmt::Debug for WaitForCancel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancel")
            .field("token", &*self.token)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that runs until it is ready or a token is cancelled.
    ///
    /// Made by [`CancelFutureExt::until_cancelled`] and [`Token::run_until_cancelled`].
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
        #[pin]
        future: F,
        #[pin]
        wait: WaitForCancel<T>,
    }
}

impl<F: Future, T: TokenRef> UntilCancelled<F, T> {
    #[inline]
    pub(crate) fn new(future: F, token: T) -> Self {
        UntilCancelled {
            future,
            wait: WaitForCancel::new(token),
        }
    }
}

impl<F: Future, T: TokenRef> Future for UntilCancelled<F, T> {
    type Output = Result<F::Output, Cancelled>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.wait.token().is_cancelled() {
            return this.wait.poll(cx).map(Err);
        }
        match this.future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => this.wait.poll(cx).map(Err),
        }
    }
}

/// What every future can do with a token.
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
    #[inline]
    fn until_cancelled(self, token: &Token) -> UntilCancelled<Self, &Token> {
        UntilCancelled::new(self, token)
    }

    /// The same with a token of its own, for futures that are `'static`.
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
    #[inline]
    fn until_cancelled_owned<T: TokenRef>(self, token: T) -> UntilCancelled<Self, T> {
        UntilCancelled::new(self, token)
    }
}

impl<F: Future> CancelFutureExt for F {}
