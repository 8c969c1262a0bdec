//! `Token`: in place, no heap.

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::cause::Reason;
use crate::cause::{HasId, TokenId};
use crate::sync::{const_fn, unless_loom};
use crate::tree::cancel;
use crate::tree::{Hub, Orphans};
use core::fmt;
use core::ops::Deref;

/// A cancelation token in place: in a `static`, in a struct, on the stack.
///
/// It starts live, can be cancelled once from anywhere, and stays cancelled. `&Token` is to
/// [`CancelToken`](crate::CancelToken) what `&str` is to `Arc<str>`: functions that only look, wait
/// or cancel take a `&Token`, and a `CancelToken` derefs to it.
///
/// ```
/// use cancel_core::{Reason, Token};
///
/// static STOP: Token = Token::new();
///
/// fn interrupt_handler() {
///     STOP.cancel_with(Reason::Shutdown); // no heap, no waiting
/// }
///
/// assert!(!STOP.is_cancelled());
/// interrupt_handler();
/// assert_eq!(STOP.check().unwrap_err().reason(), Reason::Shutdown);
/// ```
///
/// # Memory ordering
///
/// Everything that happened before the winning [`cancel`](Token::cancel) is visible to a thread that sees
/// the token cancelled, by [`is_cancelled`](Token::is_cancelled) or any other way.
///
/// # Interrupts and signal handlers
///
/// Without `std` a token may be cancelled in an interrupt handler, by `cancel` or
/// [`cancel_children`](Token::cancel_children): the lock is a critical section, and nothing waits. (An
/// interrupt that the application's `critical-section` does not mask may not use tokens. With `alloc`, a
/// cause with a message takes memory, and a cancel may give some back: the allocator has to allow that
/// there.)
///
/// With `std` never call `cancel`, `cancel_with` or `cancel_children` inside a raw Unix signal handler:
/// the lock may be held by the code that was interrupted, and the call would wait for it for ever. Neither
/// may a handler wait for a token, register a callback or make a child. [`is_cancelled`](Token::is_cancelled)
/// is one atomic load and safe anywhere. The signal sources of `cancel-std` cancel on a thread.
///
/// # Guarantees about a tree
///
/// When a `cancel` of this token returns, this token and all descendants made by `child` say that
/// they are cancelled, even if another thread's `cancel` won and is still at work:
///
/// ```
/// # use cancel_core::CancelToken;
/// let root = CancelToken::new();
/// let leaf = root.child().child();
/// root.cancel();
/// assert!(leaf.is_cancelled()); // also if another thread cancels at this moment
/// ```
///
/// The edges of this promise:
///
/// * With `std`, a `cancel` may have to wait for another one's setting of flags (a bounded amount of
///   work per descendant, never user code).
/// * Without `std` it never waits, so that an interrupt does not wait for what it has interrupted.
///   If another `cancel` of this token or below it has been interrupted, or is at work on another
///   core, the descendants it is about to cancel are cancelled when it goes on.
/// * Tokens that *follow* this one (`any`, `all`, `child_following`) are cancelled before the winning
///   `cancel` returns, not necessarily before a losing one does. If another source fires the same
///   follower at that moment, that source cancels what is *below* the follower.
/// * Other threads, and callbacks that run at once while a `cancel` is under way, may see this token
///   cancelled a little earlier than its descendants.
#[repr(transparent)]
pub struct Token {
    pub(crate) hub: Hub,
}

// SAFETY: the raw pointers inside are read and written under the word's lock; entries behind them
// are alive while linked, on whichever thread their owners are; causes are `Send + Sync`.
unsafe impl Send for Token {}
// SAFETY: as above: every operation on `&Token` takes the lock or is atomic.
unsafe impl Sync for Token {}
impl core::panic::UnwindSafe for Token {}
impl core::panic::RefUnwindSafe for Token {}

impl Token {
    const_fn! {
        /// Creates a live token.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::Token;
        ///
        /// static STOP: Token = Token::new();
        /// assert!(!STOP.is_cancelled());
        /// ```
        pub const fn new() -> Self {
            Token { hub: Hub::new(0) }
        }
    }

    unless_loom! {
        /// Returns the token that is never cancelled: for callers that have none to give.
        ///
        /// Waiting for it registers nothing, and cancelling it does nothing.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::Token;
        ///
        /// assert!(!Token::never().may_be_cancelled());
        /// assert!(!Token::never().cancel());
        /// assert!(!Token::never().is_cancelled());
        /// ```
        pub fn never() -> &'static Token {
            static NEVER_TOKEN: Token = Token {
                hub: Hub::new(crate::tree::NEVER),
            };
            &NEVER_TOKEN
        }
    }

    /// Cancels the token and everything that depends on it. Idempotent, from any thread.
    ///
    /// All descendants and followers are cancelled first; then the wakers of those who wait are
    /// woken, then callbacks run, on this thread and with no lock held. Waits for no user code of
    /// other threads.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won; its cause is the one that stays.
    ///
    /// # Panics
    ///
    /// If a waker or a callback panics, all others still run; then the first panic goes on from
    /// here. (Without the `std` feature a second panic while the first one unwinds aborts.)
    ///
    /// # Interrupts and signal handlers
    ///
    /// See [*Interrupts and signal handlers*](Token#interrupts-and-signal-handlers) of `Token`.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// assert!(token.cancel());
    /// assert!(!token.cancel()); // had been cancelled before
    /// ```
    #[doc(alias = "abort")]
    #[doc(alias = "stop")]
    #[doc(alias = "request_stop")]
    #[inline]
    pub fn cancel(&self) -> bool {
        self.cancel_with(Reason::Manual)
    }

    /// Cancels, and says why: a [`Reason`], and with the `alloc` feature a message, both, or a
    /// whole [`Cause`].
    ///
    /// Otherwise as [`cancel`](Token::cancel). For calls inside an interrupt or a signal handler see
    /// [*Interrupts and signal handlers*](Token#interrupts-and-signal-handlers) of `Token`.
    ///
    /// # Returns
    ///
    /// `true` for the one call that won. The causes of the others are dropped.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Token};
    ///
    /// let token = Token::new();
    /// token.cancel_with((Reason::Condition, "disk full"));
    /// token.cancel_with("too late");
    /// assert_eq!(token.cause().unwrap().message(), Some("disk full"));
    /// ```
    #[inline]
    pub fn cancel_with(&self, cause: impl Into<Cause>) -> bool {
        // SAFETY: borrowed for the call.
        unsafe { cancel(&self.hub, cause.into()) }
    }

    /// Returns whether the token is cancelled: one atomic load, at any depth of a tree.
    ///
    /// # Memory ordering
    ///
    /// `true` is an Acquire: everything before the winning `cancel` is visible.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// while !token.is_cancelled() {
    ///     // work
    /// #   token.cancel();
    /// }
    /// ```
    #[doc(alias = "is_aborted")]
    #[doc(alias = "is_cancellation_requested")]
    #[doc(alias = "stop_requested")]
    #[inline(always)]
    pub fn is_cancelled(&self) -> bool {
        self.hub.is_cancelled()
    }

    /// Returns whether the token could ever be cancelled: `false` for [`never`](Token::never) alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Token;
    ///
    /// assert!(Token::new().may_be_cancelled());
    /// assert!(!Token::never().may_be_cancelled());
    /// ```
    #[inline]
    pub fn may_be_cancelled(&self) -> bool {
        self.hub.may_be_cancelled()
    }

    /// Returns `Err` with the cause if the token is cancelled: for the `?` of synchronous code.
    ///
    /// Costs as much as [`is_cancelled`](Token::is_cancelled) while the token is live. A token has
    /// no clock: to check a deadline as well, call [`Deadline::check`](crate::Deadline::check).
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the real reason and message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, Token};
    ///
    /// fn sum(numbers: &[u64], stop: &Token) -> Result<u64, Cancelled> {
    ///     let mut sum = 0;
    ///     for number in numbers {
    ///         stop.check()?;
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// let stop = Token::new();
    /// assert_eq!(sum(&[1, 2, 3], &stop).unwrap(), 6);
    /// stop.cancel_with("enough");
    /// assert_eq!(sum(&[1, 2, 3], &stop).unwrap_err().message(), Some("enough"));
    /// ```
    #[doc(alias = "throw_if_cancellation_requested")]
    #[doc(alias = "bail_if_cancelled")]
    #[inline(always)]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            false => Ok(()),
            true => Err(self
                .cause()
                .unwrap_or_else(|| unreachable!("cancelled is final"))),
        }
    }

    /// Returns why the token was cancelled; `None` while it is live.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// assert!(token.cause().is_none());
    /// token.cancel_with("enough");
    /// assert_eq!(token.cause().unwrap().message(), Some("enough"));
    /// ```
    #[doc(alias = "reason")]
    #[doc(alias = "why")]
    pub fn cause(&self) -> Option<Cancelled> {
        self.hub.cause()
    }

    /// Identifies this token in logs, and as the [origin](Cancelled::origin) of a cancelation.
    ///
    /// Unique among the tokens alive; a token that came later may get the id of one that is gone.
    /// The id of a token in place changes when it is moved. See [`TokenId`].
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// assert_eq!(token.id(), token.clone().id());
    /// println!("stopping {}", token.id()); // stopping token-7f1e8c000b70
    /// ```
    pub fn id(&self) -> TokenId {
        TokenId::of(self)
    }
}

impl Drop for Token {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: all borrows have ended. What is in the list has been forgotten or detached.
        drop(unsafe { Orphans::of(&self.hub) });
    }
}

impl Default for Token {
    fn default() -> Self {
        Token::new()
    }
}

/// Shows state and cause. Takes no lock.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("id", &format_args!("{}", self.id()))
            .field("cancelled", &self.cause())
            .finish()
    }
}

impl HasId for Token {
    fn id(&self) -> TokenId {
        Token::id(self)
    }
}

mod sealed {
    pub trait Stable {}
    impl Stable for &super::Token {}
}
#[cfg(feature = "alloc")]
pub(crate) use sealed::Stable;

/// Something that gives the same [`Token`] for as long as it lives: `&Token`,
/// [`CancelToken`](crate::CancelToken) or `Arc<Token>`.
///
/// A `&CancelToken` is none: give `&*token`, which borrows it, or `token.clone()`, which keeps a handle.
///
/// The types that wait for a token, guard it or look at it are generic over it, so that each has a
/// borrowed and an owned form. It cannot be implemented outside of this crate.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelToken, TokenRef};
///
/// fn state(token: impl TokenRef) -> &'static str {
///     if token.is_cancelled() { "cancelled" } else { "live" }
/// }
///
/// let token = CancelToken::new();
/// assert_eq!(state(&*token), "live");
/// assert_eq!(state(token), "live");
/// ```
#[allow(private_bounds)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a token that stays in place",
    note = "give a `CancelToken` (`token.clone()`) or an `Arc<Token>` to keep, or to borrow a `&Token` (of a `CancelToken`: `&*token`)"
)]
pub trait TokenRef: Deref<Target = Token> + sealed::Stable {}

impl TokenRef for &Token {}
