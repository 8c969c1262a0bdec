//! `Flag`: a condition that wakes whom it concerns, instead of being asked.

use crate::operation::{Runtime, Source};
use cancel_core::{CancelToken, Cause, Reason, StaticCause, Token, WaitForCancel};
use std::borrow::Cow;

/// A condition that somebody makes true: set once, from anywhere, and whoever watches it is woken at
/// once. Nothing is polled.
///
/// This is a handle; clones are the same flag. Any number of operations may have it for a
/// [source](crate::Cancelable::source). They are cancelled with [`Reason::Condition`]. It cannot be taken back.
///
/// It is a [`CancelToken`] with the manners of a flag, and costs as much: for a flag that many ask
/// and few set, [`is_set`](Flag::is_set) is one load.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Flag, Reason};
///
/// struct JobController {
///     should_stop: Flag,
/// }
///
/// let controller = JobController { should_stop: Flag::new() };
/// let job = Cancelable::new().name("background job").source(&controller.should_stop);
///
/// std::thread::spawn(move || controller.should_stop.set_with("stopped by the operator"));
///
/// let cancelled = smol::block_on(job.run(async |_| std::future::pending::<()>().await)).unwrap_err();
/// assert_eq!(cancelled.reason(), Reason::Condition);
/// assert_eq!(cancelled.message(), Some("stopped by the operator"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Flag {
    token: CancelToken,
}

static SET: StaticCause = StaticCause::new(Reason::Condition, "flag set");

impl Flag {
    /// A flag that is not set.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!cancel_std::Flag::new().is_set());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it, with the message "flag set".
    ///
    /// # Returns
    ///
    /// `true` for the one call that did it; its message is the one that stays.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`]: with the first panic of the wakers and callbacks that it calls.
    ///
    /// # Memory ordering
    ///
    /// As [`Token::cancel`]: who sees the flag set sees all that was done before.
    ///
    /// # Examples
    ///
    /// ```
    /// let flag = cancel_std::Flag::new();
    /// assert!(flag.set());
    /// assert!(!flag.set());
    /// ```
    pub fn set(&self) -> bool {
        self.token.cancel_with(&SET)
    }

    /// Sets it, and says why. Otherwise as [`set`](Flag::set).
    ///
    /// # Panics
    ///
    /// As [`set`](Flag::set).
    ///
    /// # Examples
    ///
    /// ```
    /// let flag = cancel_std::Flag::new();
    /// flag.set_with("queue over 1000");
    /// assert_eq!(smol::block_on(flag.wait()).message(), Some("queue over 1000"));
    /// ```
    pub fn set_with(&self, message: impl Into<Cow<'static, str>>) -> bool {
        let cause = Cause::new(Reason::Condition);
        self.token.cancel_with(cause.with_message(message))
    }

    /// Whether it is set: one load.
    ///
    /// # Examples
    ///
    /// ```
    /// let flag = cancel_std::Flag::new();
    /// flag.clone().set();
    /// assert!(flag.is_set());
    /// ```
    pub fn is_set(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Resolves once it is set, with the message among others.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// let flag = cancel_std::Flag::new();
    /// let setter = flag.clone();
    /// std::thread::spawn(move || setter.set());
    /// assert_eq!(smol::block_on(flag.wait()).message(), Some("flag set"));
    /// ```
    pub fn wait(&self) -> WaitForCancel<&Token> {
        self.token.cancelled()
    }

    /// The token inside: cancelled when the flag is set, and the other way round. For all that takes
    /// tokens, such as [waiting on a plain thread](Token::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Flag;
    /// use std::time::Duration;
    ///
    /// let flag = Flag::new();
    /// assert!(flag.token().wait_timeout(Duration::from_millis(1)).is_none());
    /// ```
    pub fn token(&self) -> &CancelToken {
        &self.token
    }
}

/// Fires when the flag is set.
impl<R: Runtime> From<&Flag> for Source<R> {
    fn from(flag: &Flag) -> Self {
        Source::token(&flag.token)
    }
}
