//! What a cancel says about itself: reason, message, underlying error.

use crate::cause::cancelled::Cancelled;
#[cfg(feature = "alloc")]
use crate::cause::detail::Source;
use crate::cause::detail::{Detail, DetailRef};
use crate::cause::reason::Reason;
use crate::sync::const_fn;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::fmt;

/// Why something is to be cancelled: a [`Reason`], and if wanted a message and an underlying error.
///
/// Whatever takes an `impl Into<Cause>` takes a reason, a message, both, or a `static` cause:
///
/// ```
/// use cancel_core::{Cause, CancelToken, Reason, StaticCause};
///
/// let stop = CancelToken::new;
/// stop().cancel_with(Reason::Shutdown);
/// stop().cancel_with("user pressed stop"); // reason: manual
/// stop().cancel_with(format!("job {} is obsolete", 7));
/// stop().cancel_with((Reason::Condition, "disk full"));
///
/// static WATCHDOG: StaticCause = StaticCause::new(Reason::Custom(3), "watchdog"); // no heap
/// stop().cancel_with(&WATCHDOG);
///
/// let io = std::io::Error::other("connection reset");
/// stop().cancel_with(Cause::new(Reason::Error).with_message("upload").with_error(io));
/// ```
///
/// A bare reason costs nothing. A message or error is one block on the heap, which all tokens that
/// the cancel reaches share.
#[must_use = "a cause does nothing by itself: give it to `cancel_with`"]
pub struct Cause {
    reason: Reason,
    detail: Option<DetailRef>,
    /// Made from somebody else's cancelation: to be wrapped, not changed.
    foreign: bool,
}

impl Cause {
    /// A cause with neither message nor error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// assert_eq!(Cause::new(Reason::Timeout).reason(), Reason::Timeout);
    /// ```
    pub const fn new(reason: Reason) -> Self {
        Cause {
            reason,
            detail: None,
            foreign: false,
        }
    }

    /// The reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// assert_eq!(Cause::from("enough").reason(), Reason::Manual);
    /// ```
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The message.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_core::Cause::from("enough").message(), Some("enough"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.detail.as_ref()?.get().message()
    }

    /// A reason and nothing else.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.detail.is_none()
    }

    #[inline(always)]
    pub(crate) fn bits(&self) -> u32 {
        self.reason.to_bits()
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (u32, Option<DetailRef>) {
        (self.reason.to_bits(), self.detail)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl Cause {
    /// Sets the message. Takes a `&'static str` or a `String`.
    ///
    /// On a cause made from somebody else's [`Cancelled`] or from a [`StaticCause`], the old one
    /// becomes the underlying error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// let cause = Cause::new(Reason::Timeout).with_message("no answer for 30 s");
    /// assert_eq!(cause.message(), Some("no answer for 30 s"));
    /// ```
    pub fn with_message(mut self, message: impl Into<alloc::borrow::Cow<'static, str>>) -> Self {
        self.detail_mut().message = Some(message.into());
        self
    }

    /// Sets the underlying error, which [`source`](core::error::Error::source) of the
    /// [`Cancelled`] will give.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, CancelToken, Reason};
    /// use std::error::Error;
    ///
    /// let token = CancelToken::new();
    /// token.cancel_with(Cause::new(Reason::Error).with_error("connection reset"));
    /// let cancelled = token.check().unwrap_err();
    /// assert_eq!(cancelled.source().unwrap().to_string(), "connection reset");
    /// ```
    pub fn with_error(
        mut self,
        error: impl Into<Box<dyn core::error::Error + Send + Sync>>,
    ) -> Self {
        self.detail_mut().source = Some(match error.into().downcast::<Cancelled>() {
            Ok(cancelled) => Source::Ours(cancelled),
            Err(error) => Source::Users(error),
        });
        self
    }

    fn detail_mut(&mut self) -> &mut Detail {
        if self.foreign || self.detail.is_none() {
            let old = self.detail.take();
            let old = core::mem::take(&mut self.foreign).then(|| Cancelled::new(self.reason, old));
            let old = old.map(|old| Source::Ours(Box::new(old)));
            self.detail = Some(DetailRef::new(None, old));
        }
        let detail = self.detail.as_mut().and_then(DetailRef::get_mut);
        detail.expect("a block of our own has one owner")
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cause")
            .field("reason", &self.reason)
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

/// A cause with a message that needs no heap.
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

impl StaticCause {
    const_fn! {
        /// A cause for a `static`.
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
        Cause {
            reason: cause.reason,
            detail: Some(DetailRef::fixed(&cause.detail)),
            foreign: true,
        }
    }
}

impl From<Reason> for Cause {
    fn from(reason: Reason) -> Self {
        Cause::new(reason)
    }
}

/// Hands on somebody else's cancelation with its root reason, message and error.
impl From<Cancelled> for Cause {
    fn from(cancelled: Cancelled) -> Self {
        let (reason, detail) = cancelled.into_root();
        Cause {
            reason,
            detail,
            foreign: true,
        }
    }
}

/// What a token that was cancelled with this cause would say.
///
/// ```
/// use cancel_core::{Cancelled, Cause, Reason};
///
/// let refused = Cancelled::from(Cause::from((Reason::Error, "has run before")));
/// assert_eq!(refused.to_string(), "cancelled: error: has run before");
/// ```
impl From<Cause> for Cancelled {
    fn from(cause: Cause) -> Self {
        let reason = cause.reason();
        Cancelled::new(reason, cause.into_parts().1)
    }
}

#[cfg(feature = "alloc")]
mod from_text {
    use super::{Cause, Reason};
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
