//! What a cancel says about itself: reason, message, underlying error.

use crate::cause::cancelled::Cancelled;
#[cfg(feature = "alloc")]
use crate::cause::cancelled::source_of;
#[cfg(feature = "alloc")]
use crate::cause::detail::Source;
use crate::cause::detail::{Detail, DetailRef};
use crate::cause::origin::TokenId;
use crate::cause::reason::{Reason, Why};
use crate::cause::slot::Said;
#[cfg(feature = "alloc")]
use alloc::{borrow::Cow, boxed::Box};
use core::error::Error;
use core::fmt;
use core::time::Duration;

/// Why something is to be cancelled: a [`Reason`], and if wanted a message and an underlying error.
///
/// Functions that take an `impl Into<Cause>` take:
///
/// | | reason | |
/// |---|---|---|
/// | a [`Reason`] | that | |
/// | a `&'static str`, a `String`, a `Cow<'static, str>` | *manual* | as the message |
/// | a pair of a [`Reason`] and one of these | that | |
/// | a `Box<dyn Error + Send + Sync>` | *error* | as the underlying error |
/// | a [`Cancelled`] or a reference to one | its root reason | hands the cancelation on, with message, error and origin |
/// | a `&'static` [`StaticCause`](crate::StaticCause) | its reason | with its message, without a heap |
/// | a `Cause` | its reason | |
///
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
/// An error of any type becomes the underlying error by [`with_error`](Cause::with_error). To hand a
/// cancelation on, give it as it is:
///
/// ```
/// use cancel_core::{CancelToken, Cause, Reason};
///
/// fn connect() -> std::io::Result<()> {
///     Err(std::io::Error::other("connection reset"))
/// }
///
/// let (one, two) = (CancelToken::new(), CancelToken::new());
/// let other = two.clone();
/// one.on_cancel(move |cancelled| { other.cancel_with(cancelled); }).detach();
/// if let Err(error) = connect() {
///     one.cancel_with(Cause::new(Reason::Error).with_error(error));
/// }
/// assert_eq!(two.cause(), one.cause());
/// assert!(two.cause().unwrap().is_from(&one));
/// ```
///
/// A bare reason costs nothing. A message, error, name or limit is one block on the heap, which all
/// tokens that the cancel reaches share. (A [`StaticCause`](crate::StaticCause) needs no block for the token itself. With
/// the `alloc` feature, a token that has dependents allocates one for all of them, which says whose
/// cancelation it is.)
///
/// What was put in can be read back. Cloning a cause copies no text and no error: clones share the block,
/// and the first change of one of them gives it a block of its own.
#[derive(Clone)]
#[must_use = "a cause does nothing by itself: give it to `cancel_with`"]
pub struct Cause {
    reason: Reason,
    made: Made,
    /// The cancelled token is to answer *parent*.
    inherited: bool,
    detail: Option<DetailRef>,
    /// The token that was cancelled first, if the cause was made from a [`Cancelled`].
    origin: Option<TokenId>,
}

/// What a cause was made from.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Made {
    /// Nothing: its block is its own.
    New,
    /// A block that is to be wrapped, not changed.
    Static,
    /// The cancelation of another token: likewise.
    HandedOn,
}

// Nothing of it can be changed through it, and the error inside is only lent.
impl core::panic::UnwindSafe for Cause {}
impl core::panic::RefUnwindSafe for Cause {}

impl Cause {
    /// Creates a cause with neither message nor error.
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
            made: Made::New,
            inherited: false,
            detail: None,
            origin: None,
        }
    }

    /// A cause made from something that has a block already.
    pub(super) fn made_from(
        made: Made,
        reason: Reason,
        detail: Option<DetailRef>,
        origin: Option<TokenId>,
    ) -> Self {
        Cause {
            reason,
            made,
            inherited: false,
            detail,
            origin,
        }
    }

    /// Returns the reason.
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

    /// Returns the message.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_core::Cause::from("enough").message(), Some("enough"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.detail()?.message()
    }

    /// Returns the underlying error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// let cause = Cause::new(Reason::Error).with_error("connection reset");
    /// assert_eq!(cause.error().unwrap().to_string(), "connection reset");
    /// ```
    pub fn error(&self) -> Option<&(dyn Error + 'static)> {
        self.detail()?.error()
    }

    /// Returns whose cancelation it was, if this was made from a [`Cancelled`]. `None` for a new cause,
    /// which becomes the cancelation of the token it is given to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Cause, Reason};
    ///
    /// let token = CancelToken::new();
    /// token.cancel();
    /// assert_eq!(Cause::from(token.cause().unwrap()).origin(), Some(token.id()));
    /// assert_eq!(Cause::new(Reason::Timeout).origin(), None);
    /// ```
    pub fn origin(&self) -> Option<TokenId> {
        self.origin
    }

    fn detail(&self) -> Option<&Detail> {
        self.detail.as_ref().map(DetailRef::get)
    }

    /// (None without a heap.)
    pub(crate) fn name_and_limit(&self) -> (Option<&str>, Option<Duration>) {
        match self.detail() {
            Some(detail) => (detail.name(), detail.limit()),
            None => (None, None),
        }
    }

    /// The cancelation of `origin`, unless it is that of another token already.
    pub(crate) fn or_from(mut self, origin: TokenId) -> Self {
        self.origin = self.origin.or(Some(origin));
        self
    }

    /// The token cancelled with it answers [`Reason::Parent`], and this as the reason of the root. For layers,
    /// where something is the parent of a token that is no child in the tree.
    #[doc(hidden)]
    pub fn inherited(mut self) -> Self {
        self.inherited = true;
        self
    }

    #[inline(always)]
    pub(crate) fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// A reason and nothing else.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.detail.is_none() && self.origin.is_none()
    }

    #[inline(always)]
    pub(crate) fn bits(&self) -> u32 {
        self.reason.to_bits()
    }

    pub(super) fn into_cancelled(self) -> Cancelled {
        let why = Why::new(self.reason, self.inherited);
        Cancelled::new(why, self.detail, self.origin)
    }

    /// What a token at `own` keeps of it, beside the reason. With one reference.
    #[inline]
    pub(crate) fn into_said(self, own: TokenId) -> Said {
        let handed_on = self.made == Made::HandedOn;
        Said::new(self.detail, self.origin, own, handed_on)
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl Cause {
    /// Sets the message. Takes a `&'static str` or a `String`.
    ///
    /// On a cause made from a [`Cancelled`] of another token or from a [`StaticCause`](crate::StaticCause), that becomes the
    /// underlying error. The origin stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// let cause = Cause::new(Reason::Timeout).with_message("no answer for 30 s");
    /// assert_eq!(cause.message(), Some("no answer for 30 s"));
    /// ```
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.detail_mut().message = Some(message.into());
        self
    }

    /// Sets the reason.
    ///
    /// On a cause made from a [`Cancelled`] or a [`StaticCause`](crate::StaticCause), as [`with_message`](Cause::with_message).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// let cause = Cause::from("no answer").with_reason(Reason::Timeout);
    /// assert_eq!((cause.reason(), cause.message()), (Reason::Timeout, Some("no answer")));
    /// ```
    pub fn with_reason(mut self, reason: Reason) -> Self {
        if self.made != Made::New {
            self.detail_mut();
        }
        self.reason = reason;
        self
    }

    /// Sets the name of what is cancelled, for messages. Takes a `&'static str` or a `String`.
    ///
    /// On a cause made from a [`Cancelled`] or a [`StaticCause`](crate::StaticCause), as [`with_message`](Cause::with_message).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, Cause, Reason};
    ///
    /// let cause = Cause::new(Reason::Timeout).with_name("download");
    /// assert_eq!(cause.name(), Some("download"));
    /// assert_eq!(Cancelled::from(cause).to_string(), "cancelled: timeout of \"download\"");
    /// ```
    pub fn with_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.detail_mut().name = Some(name.into());
        self
    }

    /// Sets the time limit that was exceeded, for messages.
    ///
    /// On a cause made from a [`Cancelled`] or a [`StaticCause`](crate::StaticCause), as [`with_message`](Cause::with_message).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, Cause, Reason};
    /// use std::time::Duration;
    ///
    /// let cause = Cause::new(Reason::Timeout).with_limit(Duration::from_millis(1500));
    /// assert_eq!(cause.limit(), Some(Duration::from_millis(1500)));
    /// assert_eq!(Cancelled::from(cause).to_string(), "cancelled: timeout of 1.5s");
    /// ```
    pub fn with_limit(mut self, limit: Duration) -> Self {
        self.detail_mut().limit = Some(limit);
        self
    }

    /// Returns the name that was [set](Cause::with_name).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// assert_eq!(Cause::new(Reason::Timeout).name(), None);
    /// ```
    pub fn name(&self) -> Option<&str> {
        self.detail()?.name()
    }

    /// Returns the limit that was [set](Cause::with_limit).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason};
    ///
    /// assert_eq!(Cause::new(Reason::Timeout).limit(), None);
    /// ```
    pub fn limit(&self) -> Option<Duration> {
        self.detail()?.limit()
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
        self.detail_mut().source = Some(source_of(error.into()));
        self
    }

    fn detail_mut(&mut self) -> &mut Detail {
        if self.made != Made::New || self.detail.is_none() {
            let old = self.detail.take();
            let why = Why::new(self.reason, false);
            let made = core::mem::replace(&mut self.made, Made::New);
            let old = (made != Made::New).then(|| Cancelled::new(why, old, self.origin));
            let old = old.map(|old| Source::Ours(Box::new(old)));
            self.detail = Some(DetailRef::new(old));
        }
        match &mut self.detail {
            // A copy if it is shared with a clone.
            Some(detail) => detail.make_mut(),
            None => unreachable!("made above"),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, limit) = self.name_and_limit();
        f.debug_struct("Cause")
            .field("reason", &self.reason)
            .field("message", &self.message())
            .field("origin", &self.origin)
            .field("name", &name)
            .field("limit", &limit)
            .finish_non_exhaustive()
    }
}
