//! Cancelations as `std::io::Error`s. Needs `std`.

use crate::sync::with_std;

with_std! {
use crate::cause::cancelled::Cancelled;
use crate::cause::reason::Reason;

/// For the `?` of functions that return [`std::io::Result`].
///
/// The kind is [`TimedOut`](std::io::ErrorKind::TimedOut) if it all began with a timeout (also an
/// ancestor's), else [`Other`](std::io::ErrorKind::Other). It is never
/// [`Interrupted`](std::io::ErrorKind::Interrupted): loops like those of `read_exact` and `copy` try
/// again on that, so a cancelation would go unnoticed.
///
/// The [`Cancelled`] is inside, whole: [`Cancelled::from_io`] finds it, as do
/// [`get_ref`](std::io::Error::get_ref), [`into_inner`](std::io::Error::into_inner) and
/// [`downcast`](std::io::Error::downcast).
///
/// ```
/// use cancel_core::{Cancelled, Reason, Token};
/// use std::io::{self, ErrorKind, Write};
///
/// fn save(rows: &[&str], to: &mut impl Write, stop: &Token) -> io::Result<()> {
///     for row in rows {
///         stop.check()?;
///         writeln!(to, "{row}")?;
///     }
///     Ok(())
/// }
///
/// let stop = Token::new();
/// stop.cancel_with((Reason::Timeout, "2 s are over"));
/// let error = save(&["a"], &mut Vec::new(), &stop).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::TimedOut);
/// assert_eq!(Cancelled::from_io(&error).unwrap().message(), Some("2 s are over"));
/// ```
impl From<Cancelled> for std::io::Error {
    fn from(cancelled: Cancelled) -> Self {
        let kind = match cancelled.root_reason() {
            Reason::Timeout => std::io::ErrorKind::TimedOut,
            _ => std::io::ErrorKind::Other,
        };
        std::io::Error::new(kind, cancelled)
    }
}

impl Cancelled {
    /// Returns the cancelation inside an [`io::Error`](std::io::Error), if there is one: made by `?`
    /// or `into`, and also one that others have wrapped since.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, Token};
    /// use std::io;
    ///
    /// let token = Token::new();
    /// token.cancel();
    /// let error: io::Error = token.cause().unwrap().into();
    /// assert_eq!(Cancelled::from_io(&error), token.cause().as_ref());
    /// assert_eq!(Cancelled::from_io(&io::ErrorKind::NotFound.into()), None);
    /// ```
    pub fn from_io(error: &std::io::Error) -> Option<&Cancelled> {
        // (An `io::Error` gives what is below its content as its source, not the content.)
        let mut inner: &(dyn core::error::Error + 'static) = error.get_ref()?;
        loop {
            if let Some(cancelled) = inner.downcast_ref::<Cancelled>() {
                return Some(cancelled);
            }
            inner = match inner.downcast_ref::<std::io::Error>() {
                Some(io) => io.get_ref()?,
                None => inner.source()?,
            };
        }
    }
}
}
