//! The right to look, without the right to cancel.

use crate::cause::Cancelled;
use crate::cause::{HasId, TokenId};
use crate::token::accept::{AsToken, IntoToken, Lent};
#[cfg(feature = "alloc")]
use crate::token::accept::{Follow, Followed};
use crate::token::base::{Token, TokenRef};
use crate::token::check::Check;
use crate::token::until::UntilCancelled;
use crate::token::wait::WaitForCancel;
#[cfg(feature = "alloc")]
use crate::token::{registration::Registration, shared::CancelToken};
use core::future::IntoFuture;
use core::hash::{Hash, Hasher};

/// A token that its holder can look at and wait for, but not cancel.
///
/// Made by [`Token::view`] (borrowed, `Copy`) and
/// [`CancelToken::view_owned`](crate::CancelToken::view_owned) (owned, `Clone`).
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelToken, TokenView};
///
/// fn plugin(stop: TokenView<CancelToken>) -> bool {
///     stop.is_cancelled() // all that a plugin may do
/// }
///
/// let token = CancelToken::new();
/// assert!(!plugin(token.view_owned()));
/// ```
#[derive(Clone, Copy, Debug)]
#[doc(alias = "StopToken")]
#[doc(alias = "CancellationToken")]
pub struct TokenView<T: TokenRef> {
    token: T,
}

impl<T: TokenRef> TokenView<T> {
    pub(crate) fn new(token: T) -> Self {
        TokenView { token }
    }

    /// (Not to be handed out: it has the right to cancel.)
    #[allow(dead_code)] // without `std`
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    pub(crate) fn inner(&self) -> &T {
        &self.token
    }

    /// Runs `future` until it is ready or the token is cancelled, as [`Token::run_until_cancelled`].
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the token was cancelled first.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// let view = token.view();
    /// assert_eq!(smol::block_on(view.run_until_cancelled(async { 5 })), Ok(5));
    /// ```
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> UntilCancelled<F, &Token> {
        self.token.run_until_cancelled(future)
    }

    /// Returns whether the token is cancelled, as [`Token::is_cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cancel_core::Token::new().view().is_cancelled());
    /// ```
    #[inline(always)]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns whether the token could ever be cancelled, as [`Token::may_be_cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cancel_core::Token::never().view().may_be_cancelled());
    /// ```
    pub fn may_be_cancelled(&self) -> bool {
        self.token.may_be_cancelled()
    }

    /// Returns `Err` with the cause if the token is cancelled, as [`Token::check`].
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the token is.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_core::Token::new().view().check().is_ok());
    /// ```
    #[inline(always)]
    pub fn check(&self) -> Result<(), Cancelled> {
        self.token.check()
    }

    /// Returns why the token was cancelled, as [`Token::cause`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cancel_core::Token::new().view().cause().is_none());
    /// ```
    pub fn cause(&self) -> Option<Cancelled> {
        self.token.cause()
    }

    /// Returns a future that resolves once the token is cancelled, as [`Token::cancelled`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// let view = token.view();
    /// token.cancel();
    /// smol::block_on(view.cancelled());
    /// ```
    pub fn cancelled(&self) -> WaitForCancel<&Token> {
        self.token.cancelled()
    }

    /// Returns the id of the token, as [`Token::id`].
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// assert_eq!(token.view().id(), token.id());
    /// ```
    pub fn id(&self) -> TokenId {
        self.token.id()
    }
}

impl<T: TokenRef> Check for TokenView<T> {
    fn check(&self) -> Result<(), Cancelled> {
        self.token.check()
    }
    fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }
    fn may_be_cancelled(&self) -> bool {
        self.token.may_be_cancelled()
    }
}

/// By identity: views of one token are equal.
impl<T: TokenRef> PartialEq for TokenView<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl<T: TokenRef> Eq for TokenView<T> {}

/// By identity.
impl<T: TokenRef> Hash for TokenView<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// `view.await` waits, and keeps what the view keeps.
///
/// ```
/// let token = cancel_core::CancelToken::new();
/// token.cancel_with("enough");
/// smol::block_on(async {
///     assert_eq!(token.view().await.message(), Some("enough"));
///     assert_eq!(token.view_owned().await.message(), Some("enough"));
/// });
/// ```
impl<T: TokenRef> IntoFuture for TokenView<T> {
    type Output = Cancelled;
    type IntoFuture = WaitForCancel<T>;

    fn into_future(self) -> WaitForCancel<T> {
        WaitForCancel::new(self.token)
    }
}

/// `(&view).await` waits, as [`TokenView::cancelled`] does.
impl<'v, T: TokenRef> IntoFuture for &'v TokenView<T> {
    type Output = Cancelled;
    type IntoFuture = WaitForCancel<&'v Token>;

    fn into_future(self) -> WaitForCancel<&'v Token> {
        self.cancelled()
    }
}

impl<T: TokenRef> AsToken for TokenView<T> {
    #[inline(always)]
    fn as_token(&self) -> Lent<&Token> {
        Lent::new(&self.token)
    }
}

impl<T: TokenRef> IntoToken for TokenView<T> {
    type Ref = T;

    #[inline(always)]
    fn into_token(self) -> Lent<T> {
        Lent::new(self.token)
    }
}

#[cfg(feature = "alloc")]
impl<'t, T: TokenRef> Follow<'t> for &'t TokenView<T>
where
    &'t T: Follow<'t>,
{
    fn follow(self) -> Followed<'t> {
        self.inner().follow()
    }
}

#[cfg(feature = "alloc")]
impl Follow<'static> for TokenView<&'static Token> {
    fn follow(self) -> Followed<'static> {
        self.token.follow()
    }
}

impl<T: TokenRef> HasId for TokenView<T> {
    fn id(&self) -> TokenId {
        self.token.id()
    }
}

impl Token {
    /// Returns a view, which can look and wait, but not cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// let view = token.view();
    /// token.cancel();
    /// assert!(view.is_cancelled()); // there is no `view.cancel()`
    /// ```
    pub fn view(&self) -> TokenView<&Token> {
        TokenView::new(self)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl CancelToken {
    /// Returns a view that keeps a handle of the token, to hand out: it can look and wait, but not cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let view = token.view_owned();
    /// token.cancel();
    /// assert!(view.is_cancelled());
    /// ```
    pub fn view_owned(&self) -> TokenView<CancelToken> {
        TokenView::new(self.clone())
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl TokenView<CancelToken> {
    /// Returns a future that resolves once the token is cancelled, and keeps a handle of it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let task = smol::spawn(token.view_owned().cancelled_owned());
    /// token.cancel();
    /// smol::block_on(task);
    /// ```
    pub fn cancelled_owned(&self) -> WaitForCancel<CancelToken> {
        self.inner().cancelled_owned()
    }

    /// Creates a child of the token, which the holder of the view may cancel.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let own = token.view_owned().child();
    /// own.cancel();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn child(&self) -> CancelToken {
        self.inner().child()
    }

    /// Calls `f` once when the token is cancelled, as [`CancelToken::on_cancel`].
    ///
    /// # Panics
    ///
    /// Calls `f` once when the token is cancelled, as [`CancelToken::on_cancel`].
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let _registration = token.view_owned().on_cancel(|why| println!("{why}"));
    /// token.cancel();
    /// ```
    pub fn on_cancel<F>(&self, f: F) -> Registration<CancelToken>
    where
        F: FnOnce(&Cancelled) + Send + 'static,
    {
        self.inner().on_cancel(f)
    }
}
