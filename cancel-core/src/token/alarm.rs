//! The time limit of a token, and the handle of it that its task has.
//!
//! Invariants: T in `tree/timed.rs`.

use crate::rt::Instant;
use crate::token::base::{Stable, Token, TokenRef};
use crate::token::shared::CancelToken;
use crate::tree::{Timed, arm, deadline, disarm};
use core::fmt;
use core::ops::Deref;
use core::ptr::null;

/// What the task that keeps a token's time has of it. It does not keep the token. Derefs to a token that
/// is cancelled when there is nothing more to wait for: the token was cancelled, has gone, or has another
/// limit.
pub(crate) struct Alarm(*const Timed);

// SAFETY: a counted block, used through its lock (T3).
unsafe impl Send for Alarm {}
// SAFETY: as above.
unsafe impl Sync for Alarm {}

impl Alarm {
    /// The time has come: the token, if it is still there and has this limit.
    pub(crate) fn due(&self) -> Option<CancelToken> {
        // SAFETY: alive by this handle; the token's handle is the caller's.
        unsafe { Timed::due(self.0).map(|node| CancelToken::from_raw(node)) }
    }
}

impl Deref for Alarm {
    type Target = Token;

    fn deref(&self) -> &Token {
        // SAFETY: alive by this handle; `Token` is a transparent wrapper of `Hub`.
        unsafe { &*Timed::hub(self.0).cast::<Token>() }
    }
}

impl Stable for Alarm {}
impl TokenRef for Alarm {}

impl Clone for Alarm {
    fn clone(&self) -> Self {
        // SAFETY: alive by this handle.
        unsafe { Timed::retain(self.0) };
        Alarm(self.0)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // SAFETY: our handle, used up here.
        unsafe { Timed::let_go(self.0) };
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
}

impl CancelToken {
    /// Gives the token a time limit, in place of the one that it has. The caller keeps the time.
    pub(crate) fn arm(&self, at: Instant) -> Alarm {
        let block = Timed::new(self.node(), at);
        let alarm = Alarm(block);
        // SAFETY: new; the token is alive by this handle.
        drop(unsafe { arm(block) });
        alarm
    }

    /// Takes the limit of `alarm` away, unless there is another one already.
    pub(crate) fn disarm(&self, alarm: &Alarm) {
        // SAFETY: alive by this handle.
        drop(unsafe { disarm(&self.hub, alarm.0) });
    }

    /// Takes the time limit away. The task that keeps the time ends.
    ///
    /// A limit that has run out already may still cancel the token, if its task is at that.
    ///
    /// # Panics
    ///
    /// If the waker of that task panics.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// token.clear_timeout(); // it has none: nothing happens
    /// assert_eq!(token.deadline(), None);
    /// ```
    pub fn clear_timeout(&self) {
        // SAFETY: alive by this handle.
        drop(unsafe { disarm(&self.hub, null()) });
    }

    /// When the token's own time limit runs out, as told by the timer that it was set with. `None` if it
    /// has none, or is cancelled.
    ///
    /// The limits of tokens above, and of those it follows, are not looked at.
    ///
    /// # Examples
    ///
    /// See [`cancel_after`](CancelToken::cancel_after).
    pub fn deadline(&self) -> Option<Instant> {
        // SAFETY: alive by this handle.
        unsafe { deadline(&self.hub) }
    }
}
