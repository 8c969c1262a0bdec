//! A guard that cancels when it is dropped.

use crate::cause::Reason;
use crate::token::base::{Token, TokenRef};
#[cfg(feature = "alloc")]
use crate::token::shared::CancelToken;
use core::mem::ManuallyDrop;

/// Cancels a token when dropped, with [`Reason::Dropped`], unless [disarmed](DropGuard::disarm).
///
/// Made by [`Token::drop_guard_ref`](crate::Token::drop_guard_ref) and
/// [`CancelToken::drop_guard`](crate::CancelToken::drop_guard).
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelToken, Reason};
///
/// let token = CancelToken::new();
/// {
///     let _guard = token.clone().drop_guard();
///     // returns, fails or panics
/// }
/// assert_eq!(token.cause().unwrap().reason(), Reason::Dropped);
/// ```
#[derive(Debug)]
#[must_use = "cancels at once if it is not kept"]
pub struct DropGuard<T: TokenRef> {
    token: ManuallyDrop<T>,
}

impl<T: TokenRef> DropGuard<T> {
    pub(crate) fn new(token: T) -> Self {
        DropGuard {
            token: ManuallyDrop::new(token),
        }
    }

    /// Gives the token back, which is not cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = cancel_core::CancelToken::new().drop_guard();
    /// let token = guard.disarm();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn disarm(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, since the drop does not run.
        unsafe { ManuallyDrop::take(&mut this.token) }
    }
}

impl<T: TokenRef> Drop for DropGuard<T> {
    fn drop(&mut self) {
        // SAFETY: taken once: `disarm` forgets the guard. Dropped even if a callback panics.
        let token = unsafe { ManuallyDrop::take(&mut self.token) };
        token.cancel_with(Reason::Dropped);
    }
}

impl Token {
    /// A guard that cancels this token when dropped, unless disarmed. Reason:
    /// [`Reason::Dropped`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Token};
    ///
    /// let token = Token::new();
    /// drop(token.drop_guard_ref());
    /// assert_eq!(token.cause().unwrap().reason(), Reason::Dropped);
    /// ```
    pub fn drop_guard_ref(&self) -> DropGuard<&Token> {
        DropGuard::new(self)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl CancelToken {
    /// A guard that cancels the token when dropped, unless disarmed. Reason:
    /// [`Reason::Dropped`](crate::Reason::Dropped).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let guard = token.clone().drop_guard();
    /// drop(guard);
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard(self) -> DropGuard<CancelToken> {
        DropGuard::new(self)
    }
}
