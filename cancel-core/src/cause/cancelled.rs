//! `Cancelled`: the error that says it was cancelled, and why.

#[cfg(feature = "alloc")]
use crate::cause::detail::Source;
use crate::cause::detail::{Chained, Detail, DetailRef};
use crate::cause::origin::{HasId, TokenId};
use crate::cause::reason::{Reason, Why};
use crate::sync::assert_size;
use crate::sync::with_std;
#[cfg(feature = "alloc")]
use crate::sync::without_std;
use core::fmt;
use core::time::Duration;

/// The error of cancelled work. It knows why, and whose cancelation it is.
///
/// As large as three pointers; cloning copies a pointer. `?` takes it through functions, and
/// [`source`](core::error::Error::source) gives the underlying error where there is one.
///
/// A token that was cancelled by an ancestor answers [`Reason::Parent`], and keeps what the
/// ancestor was cancelled with:
///
/// ```
/// use cancel_core::{CancelToken, Reason};
///
/// let root = CancelToken::new();
/// let leaf = root.child().child();
/// root.cancel_with((Reason::Timeout, "30 s are over"));
///
/// let cancelled = leaf.check().unwrap_err();
/// assert_eq!(cancelled.reason(), Reason::Parent);
/// assert_eq!(cancelled.root_reason(), Reason::Timeout);
/// assert_eq!(cancelled.message(), Some("30 s are over"));
/// assert_eq!(cancelled.to_string(), "cancelled by parent (timeout): 30 s are over");
/// ```
///
/// The [origin](Cancelled::origin) is the token that was asked, wherever the error turns up:
///
/// ```
/// use cancel_core::CancelToken;
///
/// let (whole, other) = (CancelToken::new(), CancelToken::new());
/// let part = whole.child();
/// whole.cancel();
///
/// let cancelled = part.check().unwrap_err();
/// assert!(cancelled.is_from(&whole));
/// assert!(!cancelled.is_from(&part) && !cancelled.is_from(&other));
/// ```
#[derive(Clone)]
pub struct Cancelled {
    why: Why,
    detail: Option<DetailRef>,
    origin: Option<TokenId>,
}

assert_size!(Cancelled, 3 * size_of::<usize>());
assert_size!(Option<Cancelled>, 3 * size_of::<usize>());

impl Cancelled {
    pub(crate) fn new(why: Why, detail: Option<DetailRef>, origin: Option<TokenId>) -> Self {
        Cancelled {
            why,
            detail,
            origin,
        }
    }

    pub(crate) fn into_root(self) -> (Reason, Option<DetailRef>, Option<TokenId>) {
        (self.why.reason(), self.detail, self.origin)
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

    /// Returns why this very token was cancelled: [`Reason::Parent`] if an ancestor was.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let parent = CancelToken::new();
    /// let child = parent.child();
    /// parent.cancel_with(Reason::Shutdown);
    /// assert_eq!(parent.cause().unwrap().reason(), Reason::Shutdown);
    /// assert_eq!(child.cause().unwrap().reason(), Reason::Parent);
    /// ```
    pub fn reason(&self) -> Reason {
        if self.why.inherited {
            Reason::Parent
        } else {
            self.why.reason()
        }
    }

    /// Returns the reason of the ancestor whose cancel reached this token.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let parent = CancelToken::new();
    /// let child = parent.child();
    /// parent.cancel_with(Reason::Shutdown);
    /// assert_eq!(child.cause().unwrap().root_reason(), Reason::Shutdown);
    /// ```
    pub fn root_reason(&self) -> Reason {
        self.why.reason()
    }

    /// Returns the cancelation as seen by the ancestor where it started.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let parent = CancelToken::new();
    /// let child = parent.child();
    /// parent.cancel();
    /// assert_eq!(child.cause().unwrap().root_cause(), parent.cause().unwrap());
    /// ```
    pub fn root_cause(&self) -> Cancelled {
        let mut root = self.clone();
        root.why.inherited = false;
        root
    }

    /// Returns whether the cancelation came from an ancestor of the token, or of the source it follows,
    /// and not from the token or that source itself.
    ///
    /// # Examples
    ///
    /// ```
    /// let parent = cancel_core::CancelToken::new();
    /// let child = parent.child();
    /// parent.cancel();
    /// assert!(child.cause().unwrap().is_inherited());
    /// assert!(!parent.cause().unwrap().is_inherited());
    /// ```
    pub fn is_inherited(&self) -> bool {
        self.why.inherited
    }

    /// Returns the message given to the cancel, here or in an ancestor.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// token.cancel_with("user pressed stop");
    /// assert_eq!(token.cause().unwrap().message(), Some("user pressed stop"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.detail()?.message()
    }

    /// Returns whose cancelation this is: the id of the token that was asked to cancel, or of the token
    /// or [`Deadline`](crate::Deadline) whose time ran out.
    ///
    /// Descendants answer the ancestor that was asked, also by
    /// [`cancel_children`](crate::Token::cancel_children); followers (`any`, `all`, `child_following`)
    /// the source that fired. A token cancelled with the `Cancelled` of another token answers the origin
    /// of that `Cancelled`: handing a cancelation on does not change whose it was.
    ///
    /// That token or deadline may be gone by now, and its address may have been used again; see
    /// [`TokenId`].
    ///
    /// # Returns
    ///
    /// `None` if no token was asked: for a `Cancelled` made from a [`Cause`](crate::Cause) that has no
    /// origin itself (a cause made from a `Cancelled` has its origin), and for the result of a future with
    /// a timeout but without a token. Without the `alloc` feature also for all
    /// tokens but the one that was asked if the cause is a [`StaticCause`](crate::StaticCause), because
    /// there is no room for both.
    ///
    /// # Examples
    ///
    /// ```
    /// let (token, other) = (cancel_core::CancelToken::new(), cancel_core::CancelToken::new());
    /// let child = token.child();
    /// token.cancel();
    /// assert_eq!(child.cause().unwrap().origin(), Some(token.id()));
    ///
    /// other.cancel_with(child.cause().unwrap()); // keeps the origin
    /// assert_eq!(other.cause().unwrap().origin(), Some(token.id()));
    /// ```
    pub fn origin(&self) -> Option<TokenId> {
        self.origin
    }

    /// Returns whether the [origin](Cancelled::origin) is `whose`: a token, a view of one, a
    /// [`Deadline`](crate::Deadline), or an id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelFutureExt, CancelToken, Cancelled};
    ///
    /// /// Handles the end of its own token, and passes other cancelations on.
    /// async fn step(own: &CancelToken) -> Result<(), Cancelled> {
    ///     match std::future::pending::<()>().until_cancelled(own).await {
    ///         Err(cancelled) if cancelled.is_from(own) => Ok(()),
    ///         other => other,
    ///     }
    /// }
    ///
    /// let whole = CancelToken::new();
    /// let (one, two) = (whole.child(), whole.child());
    /// one.cancel();
    /// assert!(smol::block_on(step(&one)).is_ok());
    /// whole.cancel();
    /// assert!(smol::block_on(step(&two)).is_err());
    /// ```
    pub fn is_from(&self, whose: &(impl HasId + ?Sized)) -> bool {
        self.origin == Some(whose.id())
    }
}

#[cfg(feature = "alloc")]
#[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
impl Cancelled {
    /// Returns the name of what was cancelled, where the cause [has one](crate::Cause::with_name).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Cause, Reason};
    ///
    /// let token = CancelToken::new();
    /// token.cancel_with(Cause::new(Reason::Timeout).with_name("download"));
    /// assert_eq!(token.cause().unwrap().origin_name(), Some("download"));
    /// ```
    pub fn origin_name(&self) -> Option<&str> {
        self.detail()?.name()
    }

    /// Returns the time limit that was exceeded, where the cause [has one](crate::Cause::with_limit).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Cause, Reason};
    /// use std::time::Duration;
    ///
    /// let token = CancelToken::new();
    /// token.cancel_with(Cause::new(Reason::Timeout).with_limit(Duration::from_secs(2)));
    /// assert_eq!(token.cause().unwrap().limit(), Some(Duration::from_secs(2)));
    /// ```
    pub fn limit(&self) -> Option<Duration> {
        self.detail()?.limit()
    }
}

// Nothing of it can be changed through it, and the error inside is only lent.
impl core::panic::UnwindSafe for Cancelled {}
impl core::panic::RefUnwindSafe for Cancelled {}

/// Equal if reason, origin, message, name and limit are, and both are inherited or neither is. The
/// underlying errors are not compared.
///
/// So the cancelations of two tokens differ even if they say the same.
impl PartialEq for Cancelled {
    fn eq(&self, other: &Self) -> bool {
        self.why == other.why
            && self.origin == other.origin
            && self.message() == other.message()
            && self.name_and_limit() == other.name_and_limit()
    }
}

impl Eq for Cancelled {}

/// `cancelled: timeout of 2s of "download": text`, or `cancelled by parent (timeout of 2s of
/// "download"): text`, where limit, name and text stand only if there are any. The name is escaped. A text that begins with
/// the word for the reason stands for both: `cancelled: condition "disk full" met`.
impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why.inherited {
            false => "cancelled: ",
            true => "cancelled by parent (",
        })?;
        let (name, limit) = self.name_and_limit();
        let message = self.message();
        let of_whom = limit.is_some() || name.is_some();
        let says_both = message.filter(|text| !of_whom && says(text, self.why.reason()));
        match says_both {
            Some(text) => f.write_str(text)?,
            None => write!(f, "{}", self.why.reason())?,
        }
        if let Some(limit) = limit {
            write!(f, " of {limit:?}")?;
        }
        if let Some(name) = name {
            write!(f, " of {name:?}")?;
        }
        if self.why.inherited {
            f.write_str(")")?;
        }
        match message {
            Some(message) if says_both.is_none() => write!(f, ": {message}"),
            _ => Ok(()),
        }
    }
}

/// Whether a message begins with the word for the reason, and so need not come after it. (Not where the
/// reason has a number.)
fn says(message: &str, reason: Reason) -> bool {
    let has_number = matches!(reason, Reason::Signal(_) | Reason::Custom(_));
    let rest = message.strip_prefix(reason.name());
    !has_number
        && rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()))
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, limit) = self.name_and_limit();
        f.debug_struct("Cancelled")
            .field("reason", &self.reason())
            .field("root_reason", &self.root_reason())
            .field("message", &self.message())
            .field("origin", &self.origin)
            .field("name", &name)
            .field("limit", &limit)
            // (Not by its own `Debug`: chains of causes may be long.)
            .field("source", &core::error::Error::source(self).map(Quoted))
            .finish()
    }
}

/// An error whose `Debug` is its `Display`.
struct Quoted<'a>(&'a dyn core::error::Error);

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl core::error::Error for Cancelled {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.detail()?.error()
    }
}

impl Chained for Cancelled {
    #[cfg(feature = "alloc")]
    fn as_error(&self) -> &(dyn core::error::Error + 'static) {
        self
    }

    #[cfg(feature = "alloc")]
    fn into_detail(self: alloc::boxed::Box<Self>) -> Option<DetailRef> {
        self.detail
    }
}

/// An error below a cause: one with a block of its own if it is, or holds, a cancelation.
#[cfg(feature = "alloc")]
pub(crate) fn source_of(error: alloc::boxed::Box<dyn core::error::Error + Send + Sync>) -> Source {
    match error.downcast::<Cancelled>() {
        Ok(cancelled) => Source::Ours(cancelled),
        Err(error) => in_io(error),
    }
}

#[cfg(feature = "alloc")]
without_std! {
    fn in_io(error: alloc::boxed::Box<dyn core::error::Error + Send + Sync>) -> Source {
        Source::Users(error)
    }
}

with_std! {
    fn in_io(error: alloc::boxed::Box<dyn core::error::Error + Send + Sync>) -> Source {
        match error.downcast::<std::io::Error>() {
            Ok(io) if io.get_ref().is_some_and(|inner| inner.is::<Cancelled>()) => {
                Source::Ours(alloc::boxed::Box::new(InIo(*io)))
            }
            Ok(io) => Source::Users(io),
            Err(error) => Source::Users(error),
        }
    }

    /// An `io::Error` with a cancelation in it: chains through both are freed in a loop, too.
    #[derive(Debug)]
    struct InIo(std::io::Error);

    impl fmt::Display for InIo {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    impl core::error::Error for InIo {}

    impl Chained for InIo {
        fn as_error(&self) -> &(dyn core::error::Error + 'static) {
            &self.0
        }

        fn into_detail(self: alloc::boxed::Box<Self>) -> Option<DetailRef> {
            let cancelled = self.0.into_inner()?.downcast::<Cancelled>().ok()?;
            cancelled.into_detail()
        }
    }
}
