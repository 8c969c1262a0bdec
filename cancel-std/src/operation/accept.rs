//! What is taken where a token or an operation is asked for.

use super::Runtime;
use super::base::{Cx, Operation};
use cancel_core::{AsToken, CancelToken, Follow, Followed, HasId, IntoToken, Lent};
use cancel_core::{Token, TokenId, TokenView};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

/// A token that an operation can be cancelled with: what [`token`](crate::Cancelable::token) and
/// [`Source::token`](crate::Source::token) take.
///
/// It is implemented for [`CancelToken`] and views of it, for `&'static Token` and its view, for
/// [`Operation`] and [`Cx`], and for references, `Box`, `Rc`, `Arc` and `LazyLock` of these. Types of
/// other crates that have a token implement it by giving a clone of that.
///
/// # Examples
///
/// ```
/// use cancel_std::{CancelToken, Cancelable, ToFollow};
///
/// struct Session {
///     closed: CancelToken,
/// }
///
/// impl ToFollow for Session {
///     fn to_follow(&self) -> CancelToken {
///         self.closed.clone()
///     }
/// }
///
/// let session = Session { closed: CancelToken::new() };
/// let op = Cancelable::with_token(&session).build();
/// session.closed.cancel_with("logged out");
/// assert_eq!(op.context().message(), Some("logged out"));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token that an operation can follow",
    label = "a `&CancelToken`, a view of one, a `&'static Token`, or an operation is wanted here",
    note = "several tokens are given one after the other: `.token(&a).token(&b)`",
    note = "a token in place that is not a `static` can be waited for by `Source::future`"
)]
pub trait ToFollow {
    /// Returns a token that is cancelled with this one, for the same cause.
    fn to_follow(&self) -> CancelToken;
}

impl ToFollow for CancelToken {
    fn to_follow(&self) -> CancelToken {
        self.clone()
    }
}

impl ToFollow for TokenView<CancelToken> {
    fn to_follow(&self) -> CancelToken {
        CancelToken::any([self])
    }
}

impl ToFollow for &'static Token {
    fn to_follow(&self) -> CancelToken {
        CancelToken::any([*self])
    }
}

impl ToFollow for TokenView<&'static Token> {
    fn to_follow(&self) -> CancelToken {
        CancelToken::any([*self])
    }
}

impl<R: Runtime> ToFollow for Operation<R> {
    fn to_follow(&self) -> CancelToken {
        self.token().clone()
    }
}

impl<R: Runtime> ToFollow for Cx<R> {
    fn to_follow(&self) -> CancelToken {
        self.token().clone()
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {
        $(
            impl<T: ToFollow + ?Sized> ToFollow for $pointer {
                fn to_follow(&self) -> CancelToken {
                    (**self).to_follow()
                }
            }
        )*
    };
}

pointers!(&T, Box<T>, Rc<T>, Arc<T>);

impl<T: ToFollow> ToFollow for LazyLock<T> {
    fn to_follow(&self) -> CancelToken {
        (**self).to_follow()
    }
}

/// An operation by its handle or its [`Cx`]: what [`parent`](crate::Cancelable::parent) takes.
///
/// # Examples
///
/// ```
/// use cancel_std::{AsOperation, Cancelable, Std};
///
/// fn part_of(parent: impl AsOperation<Runtime = Std>) -> Cancelable {
///     Cancelable::new().name("part").parent(parent)
/// }
///
/// let op = Cancelable::new().build();
/// let part = part_of(&op).build();
/// assert_eq!(part.context().parent_id(), Some(op.id()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation",
    label = "an `Operation` or a `Cx` is wanted here",
    note = "a `Cancelable` becomes one by `build()`; a token is given to `token(..)`"
)]
pub trait AsOperation {
    /// That of the operation.
    type Runtime;

    /// Returns the operation whose cancelation and limits apply here.
    fn as_operation(&self) -> &Operation<Self::Runtime>;
}

impl<R> AsOperation for Operation<R> {
    type Runtime = R;

    fn as_operation(&self) -> &Operation<R> {
        self
    }
}

impl<R> AsOperation for Cx<R> {
    type Runtime = R;

    fn as_operation(&self) -> &Operation<R> {
        &self.scope
    }
}

impl<A: AsOperation + ?Sized> AsOperation for &A {
    type Runtime = A::Runtime;

    fn as_operation(&self) -> &Operation<A::Runtime> {
        (**self).as_operation()
    }
}

/// What core asks of tokens, for operations and their contexts.
macro_rules! tokens {
    ($($operation:ident),*) => {
        $(
            /// Lends its token, so that it is taken where a token is waited for.
            impl<R> AsToken for $operation<R> {
                fn as_token(&self) -> Lent<&Token> {
                    self.token().as_token()
                }
            }

            /// Gives a handle of its token.
            impl<R> IntoToken for $operation<R> {
                type Ref = CancelToken;

                fn into_token(self) -> Lent<CancelToken> {
                    self.token().clone().into_token()
                }
            }

            /// Gives a handle of its token.
            impl<R> IntoToken for &$operation<R> {
                type Ref = CancelToken;

                fn into_token(self) -> Lent<CancelToken> {
                    self.token().clone().into_token()
                }
            }

            /// Its token can be followed.
            impl<'t, R> Follow<'t> for &'t $operation<R> {
                fn follow(self) -> Followed<'t> {
                    self.token().follow()
                }
            }

            /// The id of its token, which this makes if nobody has asked for it before.
            ///
            /// ```
            /// use cancel_std::Cancelable;
            ///
            /// let op = Cancelable::new().build();
            /// op.cancel_with("enough");
            /// assert!(op.token().cause().unwrap().is_from(&op));
            /// ```
            impl<R> HasId for $operation<R> {
                fn id(&self) -> TokenId {
                    self.token().id()
                }
            }
        )*
    };
}

tokens!(Operation, Cx);
