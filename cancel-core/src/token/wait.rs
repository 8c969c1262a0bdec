//! Waiting for the cancel of a token.

use crate::cause::Cancelled;
use crate::sync::assert_size;
use crate::token::base::{Token, TokenRef};
#[cfg(feature = "alloc")]
use crate::token::shared::CancelToken;
use crate::tree::{CANCELLED, NEVER};
use crate::tree::{Hub, Waiter};
use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::FusedFuture;

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

assert_size!(WaitForCancel<&Token>, 6 * size_of::<usize>());

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

impl Token {
    /// A future that resolves once the token is cancelled.
    ///
    /// It allocates nothing; any number of them may wait. It has to be pinned (`pin!`, or by
    /// `.await`), and takes itself out of the token when dropped, in any state.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping it and making another one loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let handle = token.clone();
    /// std::thread::spawn(move || handle.cancel_with("from a thread"));
    ///
    /// let cancelled = smol::block_on(token.cancelled());
    /// assert_eq!(cancelled.message(), Some("from a thread"));
    /// ```
    #[inline]
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        WaitForCancel::new(self)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl CancelToken {
    /// A future that resolves once the token is cancelled, and keeps a handle of it.
    ///
    /// Otherwise as [`Token::cancelled`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let task = smol::spawn(token.cancelled_owned());
    /// token.cancel();
    /// assert!(!smol::block_on(task).is_inherited());
    /// ```
    pub fn cancelled_owned(&self) -> WaitForCancel<CancelToken> {
        WaitForCancel::new(self.clone())
    }
}
