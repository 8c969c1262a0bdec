//! What becomes a cause: reasons, texts, errors, cancelations, causes in a `static`.

use crate::cause::cancelled::Cancelled;
use crate::cause::cause::{Cause, Made};
use crate::cause::detail::{Detail, DetailRef};
use crate::cause::reason::Reason;
use crate::sync::const_fn;

/// A cause with a message that needs no heap.
///
/// With the `alloc` feature, a token with dependents that is cancelled with it allocates one block for
/// these, which says whose cancelation it is; a token without dependents never does. Without a heap,
/// tokens below the one that was cancelled with it have no [origin](Cancelled::origin).
///
/// # Examples
///
/// ```
/// use cancel_core::{Reason, StaticCause, Token};
///
/// static STOP: Token = Token::new();
/// static BUTTON: StaticCause = StaticCause::new(Reason::Manual, "stop button");
///
/// STOP.cancel_with(&BUTTON);
/// assert_eq!(STOP.cause().unwrap().message(), Some("stop button"));
/// ```
#[derive(Debug)]
pub struct StaticCause {
    reason: Reason,
    detail: Detail,
}

// Nothing of it can be changed.
impl core::panic::UnwindSafe for StaticCause {}
impl core::panic::RefUnwindSafe for StaticCause {}

impl StaticCause {
    const_fn! {
        /// Creates a cause for a `static`.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::{Reason, StaticCause};
        ///
        /// static HOT: StaticCause = StaticCause::new(Reason::Condition, "over 80 degrees");
        /// # let _ = &HOT;
        /// ```
        pub const fn new(reason: Reason, message: &'static str) -> Self {
            StaticCause {
                reason,
                detail: Detail::fixed(message),
            }
        }
    }
}

impl From<&'static StaticCause> for Cause {
    fn from(cause: &'static StaticCause) -> Self {
        let detail = DetailRef::fixed(&cause.detail);
        Cause::made_from(Made::Static, cause.reason, Some(detail), None)
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Self {
        Cause::new(reason)
    }
}

/// Hands on the cancelation of another token with its root reason, message, error and origin.
impl From<Cancelled> for Cause {
    fn from(cancelled: Cancelled) -> Self {
        let (reason, detail, origin) = cancelled.into_root();
        Cause::made_from(Made::HandedOn, reason, detail, origin)
    }
}

/// Hands on the cancelation of another token, as [`From<Cancelled>`](#impl-From%3CCancelled%3E-for-Cause).
impl From<&Cancelled> for Cause {
    fn from(cancelled: &Cancelled) -> Self {
        cancelled.clone().into()
    }
}

/// Gives what a token that was cancelled with this cause would say. It has no origin, unless the cause has
/// one.
///
/// ```
/// use cancel_core::{Cancelled, Cause, Reason};
///
/// let refused = Cancelled::from(Cause::from((Reason::Error, "has run before")));
/// assert_eq!(refused.to_string(), "cancelled: error: has run before");
/// assert_eq!(refused.origin(), None);
/// ```
impl From<Cause> for Cancelled {
    fn from(cause: Cause) -> Self {
        cause.into_cancelled()
    }
}

#[cfg(feature = "alloc")]
mod from_text {
    use crate::cause::cause::Cause;
    use crate::cause::reason::Reason;
    use alloc::{borrow::Cow, boxed::Box, string::String};

    impl From<&'static str> for Cause {
        fn from(message: &'static str) -> Self {
            Cause::new(Reason::Manual).with_message(message)
        }
    }

    impl From<String> for Cause {
        fn from(message: String) -> Self {
            Cause::new(Reason::Manual).with_message(message)
        }
    }

    impl From<Cow<'static, str>> for Cause {
        fn from(message: Cow<'static, str>) -> Self {
            Cause::new(Reason::Manual).with_message(message)
        }
    }

    impl<M: Into<Cow<'static, str>>> From<(Reason, M)> for Cause {
        fn from((reason, message): (Reason, M)) -> Self {
            Cause::new(reason).with_message(message)
        }
    }

    /// Reason: [`Reason::Error`].
    impl From<Box<dyn core::error::Error + Send + Sync>> for Cause {
        fn from(error: Box<dyn core::error::Error + Send + Sync>) -> Self {
            Cause::new(Reason::Error).with_error(error)
        }
    }
}
