//! `Check`: what synchronous code needs of a token.

use crate::cause::Cancelled;
use crate::token::base::Token;

/// Something that synchronous code can ask whether to go on.
///
/// Implemented for tokens, views, references, `Box`, `Rc`, `Arc`, `Option` (`None`: never) and [`Never`]. The idea of
/// one small trait for synchronous code is that of the crate `enough`.
///
/// # Examples
///
/// ```
/// use cancel_core::{Cancelled, Check, Never, Token};
///
/// fn count(to: u32, stop: &impl Check) -> Result<u32, Cancelled> {
///     let mut counted = 0;
///     for _ in 0..to {
///         stop.check()?;
///         counted += 1;
///     }
///     Ok(counted)
/// }
///
/// assert_eq!(count(3, &Never), Ok(3));
/// assert_eq!(count(3, &None::<&Token>), Ok(3));
/// let token = Token::new();
/// token.cancel();
/// assert!(count(3, &token).is_err());
/// ```
pub trait Check {
    /// Returns `Err` with the cause if cancelled.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the real reason.
    fn check(&self) -> Result<(), Cancelled>;

    /// Returns whether it is cancelled.
    fn is_cancelled(&self) -> bool {
        self.check().is_err()
    }

    /// Returns whether it could ever be cancelled; if not, a loop may leave out the checks.
    fn may_be_cancelled(&self) -> bool {
        true
    }
}

/// Implements [`Check`] by what a pointer points to.
macro_rules! check_by_deref {
    ([$($generics:tt)*] $pointer:ty) => {
        impl<$($generics)*> Check for $pointer {
            #[inline(always)]
            fn check(&self) -> Result<(), Cancelled> {
                (**self).check()
            }
            #[inline(always)]
            fn is_cancelled(&self) -> bool {
                (**self).is_cancelled()
            }
            fn may_be_cancelled(&self) -> bool {
                (**self).may_be_cancelled()
            }
        }
    };
}

#[cfg(feature = "alloc")]
pub(super) use check_by_deref;

impl Check for Token {
    #[inline(always)]
    fn check(&self) -> Result<(), Cancelled> {
        Token::check(self)
    }
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        Token::is_cancelled(self)
    }
    fn may_be_cancelled(&self) -> bool {
        Token::may_be_cancelled(self)
    }
}

check_by_deref!([C: Check + ?Sized] &C);

impl<C: Check> Check for Option<C> {
    #[inline(always)]
    fn check(&self) -> Result<(), Cancelled> {
        self.as_ref().map_or(Ok(()), C::check)
    }
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        self.as_ref().is_some_and(C::is_cancelled)
    }
    fn may_be_cancelled(&self) -> bool {
        self.as_ref().is_some_and(C::may_be_cancelled)
    }
}

#[cfg(feature = "alloc")]
check_by_deref!([C: Check + ?Sized] alloc::boxed::Box<C>);
#[cfg(feature = "alloc")]
check_by_deref!([C: Check + ?Sized] alloc::rc::Rc<C>);
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
check_by_deref!([C: Check + ?Sized] alloc::sync::Arc<C>);

/// A type that is never cancelled; checks of it compile to nothing.
///
/// # Examples
///
/// ```
/// use cancel_core::{Check, Never};
///
/// assert!(!Never.may_be_cancelled());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Never;

impl Check for Never {
    #[inline(always)]
    fn check(&self) -> Result<(), Cancelled> {
        Ok(())
    }
    #[inline(always)]
    fn is_cancelled(&self) -> bool {
        false
    }
    fn may_be_cancelled(&self) -> bool {
        false
    }
}
