//! Guards that cancel when they are dropped.

use crate::cause::{Cause, Reason};
use crate::sync::{Panics, with_std};
use crate::token::base::{Token, TokenRef};
#[cfg(feature = "alloc")]
use crate::token::shared::CancelToken;
use core::fmt;

/// Cancels a token when dropped, unless [disarmed](DropGuard::disarm).
///
/// Made by [`Token::drop_guard_ref`](crate::Token::drop_guard_ref) and
/// [`CancelToken::drop_guard`](crate::CancelToken::drop_guard), with [`Reason::Dropped`]; and by
/// their forms with a cause of your own.
///
/// | cancels | how |
/// |---|---|
/// | always at the end of a scope | `let _guard = token.clone().drop_guard()` |
/// | on every way out but one: an error, an early return, a panic | [`success`](DropGuard::success) on that one |
/// | on a panic alone | `only_on_panic` (with `std`) |
///
/// `let _ = token.drop_guard()` drops the guard **at once**, which cancels the token. The compiler does
/// not warn about `let _ =`: give the guard a name, such as `_guard`.
///
/// # Panics
///
/// The drop cancels the token, so it panics if a waker or a callback does, after all others have run.
/// While the thread is unwinding from another panic, it does not: the second panic is not passed on.
/// (Without the `std` feature a second panic aborts.)
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
#[doc(alias = "CancelOnDrop")]
#[doc(alias = "AbortOnDrop")]
#[must_use = "cancels at once if it is not kept"]
pub struct DropGuard<T: TokenRef> {
    /// `None` only while it goes.
    armed: Option<(T, Cause)>,
}

impl<T: TokenRef> DropGuard<T> {
    pub(crate) fn new(token: T, cause: Cause) -> Self {
        DropGuard {
            armed: Some((token, cause)),
        }
    }

    /// Returns the token that this guard is going to cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = cancel_core::CancelToken::new().drop_guard();
    /// let child = guard.token().child();
    /// drop(guard);
    /// assert!(child.is_cancelled());
    /// ```
    pub fn token(&self) -> &T {
        match &self.armed {
            Some((token, _)) => token,
            None => unreachable!("taken only when the guard goes"),
        }
    }

    /// Gives the token back, which this guard does not cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = cancel_core::CancelToken::new().drop_guard();
    /// let token = guard.disarm();
    /// assert!(!token.is_cancelled());
    /// ```
    #[doc(alias = "defuse")]
    #[must_use = "this is the token; to let go of it, too, call `success`"]
    pub fn disarm(mut self) -> T {
        match self.armed.take() {
            Some((token, _)) => token,
            None => unreachable!("taken only when the guard goes"),
        }
    }

    /// Says that all went well: the token is not cancelled by this guard.
    ///
    /// # Examples
    ///
    /// If one of two halves fails, the other one is cancelled:
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// fn half(both: &CancelToken, text: &str) -> Result<u32, std::num::ParseIntError> {
    ///     let guard = both.clone().drop_guard_with((Reason::Error, "the other half has failed"));
    ///     let number = text.parse()?;
    ///     guard.success();
    ///     Ok(number)
    /// }
    ///
    /// let both = CancelToken::new();
    /// assert!(half(&both, "5").is_ok() && !both.is_cancelled());
    /// assert!(half(&both, "five").is_err());
    /// assert_eq!(both.cause().unwrap().message(), Some("the other half has failed"));
    /// ```
    pub fn success(self) {
        drop(self.disarm());
    }
}

impl<T: TokenRef> Drop for DropGuard<T> {
    fn drop(&mut self) {
        if let Some((token, cause)) = self.armed.take() {
            // Contained: on top of the panic by which this may be dropped, another one would abort.
            let mut panics = Panics::new();
            panics.guard(|| token.cancel_with(cause));
            panics.resume_unless_unwinding();
        }
    }
}

impl<T: TokenRef> fmt::Debug for DropGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (token, cause) = match &self.armed {
            Some((token, cause)) => (Some(&**token), Some(cause)),
            None => (None, None),
        };
        f.debug_struct("DropGuard")
            .field("token", &token)
            .field("cause", &cause)
            .finish()
    }
}

impl Token {
    /// Creates a guard that cancels this token when dropped, unless disarmed. Reason:
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
        self.drop_guard_ref_with(Reason::Dropped)
    }

    /// Creates a guard that cancels this token with `cause` when dropped, unless disarmed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Token};
    ///
    /// let token = Token::new();
    /// drop(token.drop_guard_ref_with(Reason::Error));
    /// assert_eq!(token.cause().unwrap().reason(), Reason::Error);
    /// ```
    pub fn drop_guard_ref_with(&self, cause: impl Into<Cause>) -> DropGuard<&Token> {
        DropGuard::new(self, cause.into())
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl CancelToken {
    /// Creates a guard that cancels the token when dropped, unless disarmed. Reason:
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
        self.drop_guard_with(Reason::Dropped)
    }

    /// Creates a guard that cancels the token with `cause` when dropped, unless disarmed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// drop(token.clone().drop_guard_with("the writer is gone"));
    /// assert_eq!(token.cause().unwrap().message(), Some("the writer is gone"));
    /// ```
    pub fn drop_guard_with(self, cause: impl Into<Cause>) -> DropGuard<CancelToken> {
        DropGuard::new(self, cause.into())
    }
}

with_std! {
/// Cancels a token when dropped by a panic, and not otherwise. Made by [`DropGuard::only_on_panic`].
///
/// # Panics
///
/// Never when dropped: if a waker or a callback of the token panics, all others still run, and that
/// second panic is not passed on.
///
/// # Examples
///
/// See [`DropGuard::only_on_panic`].
#[doc(alias = "OnUnwind")]
#[must_use = "guards nothing if it is not kept"]
pub struct PanicGuard<T: TokenRef> {
    /// `None` only while it goes.
    guard: Option<DropGuard<T>>,
    /// Whether it was made in a destructor during a panic: that one is none of its own.
    in_panic: bool,
}

impl<T: TokenRef> DropGuard<T> {
    /// Makes this a guard that cancels only if it is dropped by a panic (while the thread unwinds).
    ///
    /// Where panics abort, it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// drop(token.clone().drop_guard().only_on_panic());
    /// assert!(!token.is_cancelled());
    ///
    /// let guarded = token.clone();
    /// let worker = std::thread::spawn(move || {
    ///     let _guard = guarded.drop_guard_with("the worker has panicked").only_on_panic();
    ///     panic!("a bug");
    /// });
    /// assert!(worker.join().is_err());
    /// assert_eq!(token.cause().unwrap().message(), Some("the worker has panicked"));
    /// ```
    pub fn only_on_panic(self) -> PanicGuard<T> {
        PanicGuard {
            guard: Some(self),
            in_panic: std::thread::panicking(),
        }
    }
}

impl<T: TokenRef> PanicGuard<T> {
    /// Gives the token back, which this guard does not cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let guard = cancel_core::CancelToken::new().drop_guard().only_on_panic();
    /// assert!(!guard.disarm().is_cancelled());
    /// ```
    #[must_use = "this is the token; to let go of it, too, drop the guard"]
    pub fn disarm(mut self) -> T {
        match self.guard.take() {
            Some(guard) => guard.disarm(),
            None => unreachable!("taken only when the guard goes"),
        }
    }
}

impl<T: TokenRef> Drop for PanicGuard<T> {
    fn drop(&mut self) {
        let fires = !self.in_panic && std::thread::panicking();
        match self.guard.take() {
            Some(guard) if fires => drop(guard),
            Some(guard) => guard.success(),
            None => {}
        }
    }
}

impl<T: TokenRef> fmt::Debug for PanicGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PanicGuard").field(&self.guard).finish()
    }
}
}
