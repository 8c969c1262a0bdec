//! What is taken where a token is asked for: tokens, handles, views, and what others make of them.
//!
//! Nothing of it gives away the right to cancel. So the traits' methods return opaque types, which only
//! this crate can open: other crates implement them by handing on what a token gives.

use crate::token::base::{Token, TokenRef};
#[cfg(feature = "alloc")]
use crate::tree::Hub;
#[cfg(feature = "alloc")]
use core::marker::PhantomData;

/// A token that was lent to be looked at and waited for. It has no public methods, so a view that is
/// handed on through it stays one.
///
/// # Examples
///
/// See [`AsToken`].
///
/// ```compile_fail,E0599
/// use cancel_core::{AsToken, Token};
///
/// let token = Token::new();
/// token.view().as_token().cancel();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lent<T> {
    token: T,
}

impl<T> Lent<T> {
    #[inline(always)]
    pub(crate) fn new(token: T) -> Self {
        Lent { token }
    }

    #[inline(always)]
    pub(crate) fn open(self) -> T {
        self.token
    }
}

/// Something that can be waited for as a token: a [`Token`], a
/// [`CancelToken`](crate::CancelToken), a [`TokenView`](crate::TokenView), or a reference to or an
/// `Arc` of one of these. Types of other crates that have a token implement it, too, such as the
/// operations of `cancel-std`.
///
/// Functions that only wait take a reference to any of them. None of them hands on the right to
/// cancel by this.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelFutureExt, CancelToken, Token};
/// use std::future::pending;
/// use std::sync::Arc;
///
/// static STOP: Token = Token::new();
///
/// let token = CancelToken::new();
/// let (view, shared) = (token.view_owned(), Arc::new(Token::new()));
/// STOP.cancel();
/// token.cancel_with("enough");
/// shared.cancel();
/// smol::block_on(async {
///     assert!(pending::<()>().until_cancelled(&STOP).await.is_err());
///     assert!(pending::<()>().until_cancelled(&token).await.is_err());
///     assert!(pending::<()>().until_cancelled(&shared).await.is_err());
///     let stopped = pending::<()>().until_cancelled(&view).await.unwrap_err();
///     assert_eq!(stopped.message(), Some("enough"));
/// });
/// ```
///
/// A type of your own lends what it has:
///
/// ```
/// use cancel_core::{AsToken, CancelFutureExt, CancelToken, Lent, Token};
///
/// struct Job {
///     token: CancelToken,
/// }
///
/// impl AsToken for Job {
///     fn as_token(&self) -> Lent<&Token> {
///         self.token.as_token()
///     }
/// }
///
/// let job = Job { token: CancelToken::new() };
/// assert_eq!(smol::block_on(async { 5 }.until_cancelled(&job)), Ok(5));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token",
    label = "a token, a view of one, or something that lends a token is wanted here",
    note = "of something that derefs to a token, give `&*it`"
)]
pub trait AsToken {
    /// Lends the token, to this crate alone: a [`Lent`] has no public methods.
    fn as_token(&self) -> Lent<&Token>;
}

impl AsToken for Token {
    #[inline(always)]
    fn as_token(&self) -> Lent<&Token> {
        Lent::new(self)
    }
}

impl<A: AsToken + ?Sized> AsToken for &A {
    #[inline(always)]
    fn as_token(&self) -> Lent<&Token> {
        (**self).as_token()
    }
}

/// Something that becomes a token to keep and wait for: a
/// [`CancelToken`](crate::CancelToken), an owned [`TokenView`](crate::TokenView), an `Arc<Token>`, a
/// `&Token`.
///
/// For the forms that end in `_owned`.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelFutureExt, CancelToken, Token};
///
/// static STOP: Token = Token::new();
///
/// let token = CancelToken::new();
/// let tasks = [
///     smol::spawn(async { 1 }.until_cancelled_owned(&STOP)),
///     smol::spawn(async { 2 }.until_cancelled_owned(&STOP)),
/// ];
/// let task = smol::spawn(async { 3 }.until_cancelled_owned(token.view_owned()));
/// assert_eq!(smol::block_on(task), Ok(3));
/// # for task in tasks { assert!(smol::block_on(task).is_ok()); }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token to keep",
    label = "a `CancelToken`, an owned view, an `Arc<Token>` or a `&Token` is wanted here",
    note = "of a `CancelToken` that is borrowed, give `token.clone()`; of a view, `view_owned()`"
)]
pub trait IntoToken {
    /// What is kept.
    type Ref: TokenRef;

    /// Gives the token, to this crate alone: a [`Lent`] has no public methods.
    fn into_token(self) -> Lent<Self::Ref>;
}

impl<T: TokenRef> IntoToken for T {
    type Ref = T;

    #[inline(always)]
    fn into_token(self) -> Lent<T> {
        Lent::new(self)
    }
}

/// A token to be followed: what different kinds of tokens have in common.
///
/// # Examples
///
/// See [`Follow`].
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug)]
pub struct Followed<'t> {
    hub: *const Hub,
    token: PhantomData<&'t Token>,
}

#[cfg(feature = "alloc")]
impl<'t> Followed<'t> {
    /// Creates it from any kind of token, so that an array can have several kinds.
    ///
    /// # Examples
    ///
    /// See [`Follow`].
    pub fn new(token: impl Follow<'t>) -> Self {
        token.follow()
    }

    /// # Safety
    ///
    /// For `'t` the hub is alive, and when it goes it hands its dependents on, or it never goes.
    #[inline(always)]
    pub(crate) unsafe fn of(hub: *const Hub) -> Self {
        Followed {
            hub,
            token: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn hub(self) -> *const Hub {
        self.hub
    }
}

/// Something that [`CancelToken::any`](crate::CancelToken::any) and its like can follow: a
/// `&CancelToken`, a view of one (`&view_owned`), a `static` token or a view of that, or a reference to a
/// `Box`, `Rc` or `Arc` of one of these.
///
/// A token in place that is not a `static` cannot be followed, since it may be moved.
///
/// Mixing kinds in one array, or a [`view`](crate::Token::view) of a `CancelToken`, fails with a lifetime
/// error ("borrowed for `'static`"): use [`Followed::new`] for each, and
/// [`view_owned`](crate::CancelToken::view_owned).
///
/// It cannot be implemented outside of this crate, except by handing on the [`Followed`] of another one.
///
/// # Examples
///
/// Different kinds in one array are made alike by [`Followed::new`]:
///
/// ```
/// use cancel_core::{CancelToken, Followed, Reason, Token};
///
/// static SHUTDOWN: Token = Token::new();
///
/// let (user, plugin) = (CancelToken::new(), CancelToken::new().view_owned());
/// let any = CancelToken::any([
///     Followed::new(&user),
///     Followed::new(&plugin),
///     Followed::new(&SHUTDOWN),
/// ]);
/// SHUTDOWN.cancel_with(Reason::Shutdown);
/// assert_eq!(any.cause().unwrap().reason(), Reason::Shutdown);
/// ```
#[cfg(feature = "alloc")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token that can be followed",
    label = "a `&CancelToken`, a `&'static Token`, or a view of one of these is wanted here",
    note = "for different kinds in one array, make each of them a `Followed::new(..)`; of a `CancelToken`, give `view_owned()` instead of `view()`"
)]
pub trait Follow<'t> {
    /// Returns the token, as a value that only this crate can use.
    fn follow(self) -> Followed<'t>;
}

#[cfg(feature = "alloc")]
impl<'t> Follow<'t> for Followed<'t> {
    #[inline(always)]
    fn follow(self) -> Followed<'t> {
        self
    }
}

#[cfg(feature = "alloc")]
impl Follow<'static> for &'static Token {
    #[inline(always)]
    fn follow(self) -> Followed<'static> {
        // SAFETY: neither moved nor dropped any more.
        unsafe { Followed::of(&self.hub) }
    }
}

#[cfg(feature = "alloc")]
impl<'t> Follow<'t> for &'t &'static Token {
    #[inline(always)]
    fn follow(self) -> Followed<'t> {
        (*self).follow()
    }
}

#[cfg(feature = "alloc")]
mod on_the_heap {
    use super::{AsToken, Follow, Followed, Lent};
    use crate::sync::with_std;
    use crate::token::base::Token;
    use alloc::boxed::Box;
    use alloc::rc::Rc;
    #[cfg(target_has_atomic = "ptr")]
    use {
        crate::token::base::{Stable, TokenRef},
        alloc::sync::Arc,
    };

    macro_rules! pointers {
        ($($(#[$attr:meta])* $pointer:ident),*) => {
            $(
                $(#[$attr])*
                impl<A: AsToken + ?Sized> AsToken for $pointer<A> {
                    #[inline(always)]
                    fn as_token(&self) -> Lent<&Token> {
                        (**self).as_token()
                    }
                }

                $(#[$attr])*
                impl<'t, F: ?Sized> Follow<'t> for &'t $pointer<F>
                where
                    &'t F: Follow<'t>,
                {
                    #[inline(always)]
                    fn follow(self) -> Followed<'t> {
                        (**self).follow()
                    }
                }
            )*
        };
    }

    pointers!(
        Box,
        Rc,
        #[cfg(target_has_atomic = "ptr")]
        Arc
    );

    #[cfg(target_has_atomic = "ptr")]
    impl Stable for Arc<Token> {}
    #[cfg(target_has_atomic = "ptr")]
    impl TokenRef for Arc<Token> {}

    with_std! {
        impl<A: AsToken, F: FnOnce() -> A> AsToken for std::sync::LazyLock<A, F> {
            fn as_token(&self) -> Lent<&Token> {
                (**self).as_token()
            }
        }
    }
}
