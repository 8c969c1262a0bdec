//! Waiting for the cancel of a token.

use crate::cause::Cancelled;
use crate::sync::assert_size;
use crate::token::base::{Token, TokenRef};
#[cfg(feature = "alloc")]
use crate::token::shared::CancelToken;
use crate::tree::{CANCELLED, NEVER};
use crate::tree::{Hub, Waiter};
use core::fmt;
use core::future::{Future, IntoFuture};
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
/// It is not `Unpin`: while it waits, the token's list points to its memory, which is why waiting
/// allocates nothing. `.await` pins it; to poll it by reference, use [`pin!`](core::pin::pin) or
/// `Box::pin`. All futures and streams that hold one are not `Unpin` for this reason.
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
    /// Made when it is first needed: until then the future is a token and one byte, and cheap to move.
    waiter: Option<Waiter>,
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
    #[inline(always)]
    pub(crate) fn new(token: T) -> Self {
        WaitForCancel {
            waiter: None,
            token,
            _pinned: PhantomPinned,
        }
    }

    #[inline(always)]
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Whether it has neither waited nor resolved yet.
    #[cfg_attr(not(feature = "compat"), allow(dead_code))]
    #[inline(always)]
    pub(crate) fn is_new(&self) -> bool {
        self.waiter.is_none()
    }

    /// `poll` for those who do not want to know why.
    #[cfg_attr(not(feature = "compat"), allow(dead_code))]
    #[inline]
    pub(crate) fn poll_only(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_flags(cx).map(|_| ())
    }

    /// The waiter, which is made by the first call.
    #[inline(always)]
    fn waiter(self: Pin<&mut Self>) -> &Waiter {
        // SAFETY: nothing is moved. What is reached through the reference besides the waiter is not
        // shared, and the waiter is written only while it is not there, so nobody has a pointer to it.
        let this = unsafe { self.get_unchecked_mut() };
        if this.waiter.is_none() {
            this.waiter = Some(Waiter::new());
        }
        match &this.waiter {
            Some(waiter) => waiter,
            None => unreachable!("made above"),
        }
    }

    /// `poll`, without making the result's value: `Ready` with the state word.
    #[inline]
    fn poll_flags(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let hub: *const Hub = &self.token.hub;
        let flags = self.token.hub.word.load();
        if flags & CANCELLED != 0 {
            return Poll::Ready(flags);
        }
        if flags & NEVER != 0 {
            return Poll::Pending;
        }
        // SAFETY: pinned, and the drop takes the waiter out, so it is alive while linked (E4).
        // `T` gives the same hub each time (sealed). Polls are exclusive.
        unsafe { Hub::enter(hub, self.waiter(), cx.waker()) }
    }
}

impl<T: TokenRef> Future for WaitForCancel<T> {
    type Output = Cancelled;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        match self.as_mut().poll_flags(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(flags) => {
                // SAFETY: the owner's cell, and this is the owner.
                unsafe { self.as_mut().waiter().entry.spent.set(true) };
                Poll::Ready(self.token.hub.cancelled(flags))
            }
        }
    }
}

impl<T: TokenRef> FusedFuture for WaitForCancel<T> {
    fn is_terminated(&self) -> bool {
        match &self.waiter {
            // SAFETY: written by `poll`, which has `&mut` and so excludes this.
            Some(waiter) => unsafe { waiter.entry.spent.get() },
            None => false,
        }
    }
}

impl<T: TokenRef> Drop for WaitForCancel<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(waiter) = &self.waiter {
            // SAFETY: pinned if it was ever entered; the token is alive.
            unsafe { Hub::leave(&self.token.hub, waiter) }
        }
    }
}

impl<T: TokenRef> fmt::Debug for WaitForCancel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancel")
            .field("token", &*self.token)
            .finish_non_exhaustive()
    }
}

/// `(&token).await` waits, as [`Token::cancelled`] does.
impl<'t> IntoFuture for &'t Token {
    type Output = Cancelled;
    type IntoFuture = WaitForCancel<&'t Token>;

    fn into_future(self) -> WaitForCancel<&'t Token> {
        WaitForCancel::new(self)
    }
}

/// `(&token).await` waits, as [`Token::cancelled`] does.
///
/// ```
/// use cancel_core::CancelToken;
///
/// let token = CancelToken::new();
/// token.cancel_with("enough");
/// smol::block_on(async {
///     assert_eq!((&token).await.message(), Some("enough"));
///     assert_eq!(token.await.message(), Some("enough"));
/// });
/// ```
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl<'t> IntoFuture for &'t CancelToken {
    type Output = Cancelled;
    type IntoFuture = WaitForCancel<&'t Token>;

    fn into_future(self) -> WaitForCancel<&'t Token> {
        WaitForCancel::new(self)
    }
}

/// `token.await` waits, as [`CancelToken::cancelled_owned`] does.
#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl IntoFuture for CancelToken {
    type Output = Cancelled;
    type IntoFuture = WaitForCancel<CancelToken>;

    fn into_future(self) -> WaitForCancel<CancelToken> {
        WaitForCancel::new(self)
    }
}

impl Token {
    /// Returns a future that resolves once the token is cancelled.
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
    #[doc(alias = "wait_for_cancellation")]
    #[doc(alias = "done")]
    #[doc(alias = "notified")]
    #[inline]
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        WaitForCancel::new(self)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl CancelToken {
    /// Returns a future that resolves once the token is cancelled, and keeps a handle of it.
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
