//! Whose cancelation it is: the ids of tokens and deadlines.

use core::fmt;
use core::num::NonZeroUsize;

/// Identifies a token or a [`Deadline`](crate::Deadline) in logs, and in
/// [`Cancelled::origin`](crate::Cancelled::origin).
///
/// An id is an address. It is unique among the tokens and deadlines alive at one time: one made after
/// another is gone may get the same id. A [`Token`](crate::Token) in place that is moved has another id
/// afterwards; a [`CancelToken`](crate::CancelToken), a pinned [`Child`](crate::Child) and a `static`
/// never move.
///
/// # Examples
///
/// ```
/// let (a, b) = (cancel_core::CancelToken::new(), cancel_core::CancelToken::new());
/// assert_ne!(a.id(), b.id());
/// assert!(a.id().to_string().starts_with("token-"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(NonZeroUsize);

impl TokenId {
    /// The id of what is at `place`.
    #[inline]
    pub(crate) fn of<T>(place: *const T) -> Self {
        Self::from_addr(place.addr())
    }

    /// (No object lies at address 0.)
    #[inline]
    pub(crate) fn from_addr(addr: usize) -> Self {
        TokenId(NonZeroUsize::new(addr).unwrap_or(NonZeroUsize::MIN))
    }

    #[inline]
    pub(crate) fn addr(self) -> usize {
        self.0.get()
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token-{:x}", self.0)
    }
}

/// Something that a cancelation can come from, for [`Cancelled::is_from`](crate::Cancelled::is_from).
///
/// Implemented for tokens, their views, deadlines, and references to them. A type with a token of its own
/// implements it by that token's id.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelToken, HasId, TokenId};
///
/// struct Job {
///     token: CancelToken,
/// }
///
/// impl HasId for Job {
///     fn id(&self) -> TokenId {
///         self.token.id()
///     }
/// }
///
/// let job = Job { token: CancelToken::new() };
/// job.token.cancel();
/// assert!(job.token.cause().unwrap().is_from(&job));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a cancelation can come from",
    note = "give a token or a view of one, or implement `cancel_core::HasId` by a token's id"
)]
pub trait HasId {
    /// Returns the id that a cancelation has as its origin.
    fn id(&self) -> TokenId;
}

impl<T: HasId + ?Sized> HasId for &T {
    fn id(&self) -> TokenId {
        (**self).id()
    }
}

#[cfg(feature = "alloc")]
mod on_the_heap {
    use super::{HasId, TokenId};

    macro_rules! pointers {
        ($($(#[$attr:meta])* $pointer:ty),*) => {
            $(
                $(#[$attr])*
                impl<T: HasId + ?Sized> HasId for $pointer {
                    fn id(&self) -> TokenId {
                        (**self).id()
                    }
                }
            )*
        };
    }

    pointers!(
        alloc::boxed::Box<T>,
        alloc::rc::Rc<T>,
        #[cfg(target_has_atomic = "ptr")]
        alloc::sync::Arc<T>
    );
}

impl HasId for TokenId {
    fn id(&self) -> TokenId {
        *self
    }
}
