//! `Cancelled`: the error that says it was cancelled, and why.

use crate::cause::detail::{Chained, DetailRef};
use crate::cause::reason::Reason;
use core::fmt;

/// The error of cancelled work. It knows why.
///
/// As large as two pointers; cloning copies a pointer. `?` takes it through functions, and
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
#[derive(Clone)]
pub struct Cancelled {
    reason: Reason,
    inherited: bool,
    detail: Option<DetailRef>,
}

impl Cancelled {
    pub(crate) fn new(reason: Reason, detail: Option<DetailRef>) -> Self {
        Cancelled {
            reason,
            inherited: false,
            detail,
        }
    }

    pub(crate) fn with_inherited(mut self, inherited: bool) -> Self {
        self.inherited = inherited;
        self
    }

    pub(crate) fn into_root(self) -> (Reason, Option<DetailRef>) {
        (self.reason, self.detail)
    }

    /// Why this very token was cancelled: [`Reason::Parent`] if an ancestor was.
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
        if self.inherited {
            Reason::Parent
        } else {
            self.reason
        }
    }

    /// Why it all began: the reason of the ancestor whose cancel reached this token.
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
        self.reason
    }

    /// The cancelation as the ancestor sees it in which it began.
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
        self.clone().with_inherited(false)
    }

    /// Whether an ancestor was cancelled, and not this very token.
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
        self.inherited
    }

    /// The message given to the cancel, here or in an ancestor.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// token.cancel_with("user pressed stop");
    /// assert_eq!(token.cause().unwrap().message(), Some("user pressed stop"));
    /// ```
    pub fn message(&self) -> Option<&str> {
        self.detail.as_ref()?.get().message()
    }
}

// Nothing of it can be changed through it, and the error inside is only lent.
impl core::panic::UnwindSafe for Cancelled {}
impl core::panic::RefUnwindSafe for Cancelled {}

/// Equal if reason, origin (here or in an ancestor) and message are. The underlying errors are not
/// compared.
impl PartialEq for Cancelled {
    fn eq(&self, other: &Self) -> bool {
        self.reason == other.reason
            && self.inherited == other.inherited
            && self.message() == other.message()
    }
}

impl Eq for Cancelled {}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inherited {
            write!(f, "cancelled by parent ({})", self.reason)?;
        } else {
            write!(f, "cancelled: {}", self.reason)?;
        }
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled")
            .field("reason", &self.reason())
            .field("root_reason", &self.reason)
            .field("message", &self.message())
            // (Not by its own `Debug`: chains of causes may be long.)
            .field("source", &core::error::Error::source(self).map(Shown))
            .finish()
    }
}

/// An error whose `Debug` is its `Display`.
struct Shown<'a>(&'a dyn core::error::Error);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl core::error::Error for Cancelled {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        let source = self.detail.as_ref()?.get().source.as_ref()?;
        Some(source.error())
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
