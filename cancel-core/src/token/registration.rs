//! The handle of a callback.

use crate::cause::Cancelled;
use crate::token::base::{Token, TokenRef};
use crate::token::shared::CancelToken;
use crate::tree::Block;
use core::fmt;

/// A callback that is registered with a token. Dropping it deregisters the callback, in O(1).
///
/// Made by [`CancelToken::on_cancel`](crate::CancelToken::on_cancel) and
/// [`Token::on_cancel_ref`](crate::Token::on_cancel_ref). A callback whose registration has been
/// dropped does not start any more; the drop never waits, so on another thread the callback may be
/// running at that moment. A registration that is forgotten stays registered; if its token goes before
/// the callback's turn has come, the closure is neither called nor dropped.
///
/// # Examples
///
/// ```
/// let token = cancel_core::CancelToken::new();
/// let registration = token.on_cancel(|_| panic!("never called"));
/// drop(registration);
/// token.cancel();
/// ```
#[must_use = "dropping it deregisters the callback"]
pub struct Registration<T: TokenRef> {
    token: T,
    /// `None`: it was called while being registered.
    block: Option<*const Block>,
}

// SAFETY: the closure is `Send`, and the block's two owners agree by atomics who uses it.
unsafe impl<T: TokenRef + Send> Send for Registration<T> {}
// SAFETY: nothing can be done with a shared reference.
unsafe impl<T: TokenRef + Sync> Sync for Registration<T> {}
impl<T: TokenRef> core::panic::UnwindSafe for Registration<T> {}
impl<T: TokenRef> core::panic::RefUnwindSafe for Registration<T> {}

impl<T: TokenRef> Registration<T> {
    pub(crate) fn new<F: FnOnce(&Cancelled) + Send + 'static>(token: T, f: F) -> Self {
        let block = Block::new(f);
        // Made first, so that a panic of `f` drops the token, too.
        let mut registration = Registration { token, block: None };
        // SAFETY: a new block; the token is alive.
        if unsafe { Block::register(block, &registration.token.hub) } {
            registration.block = Some(block);
        }
        registration
    }
}

impl<T: TokenRef> Drop for Registration<T> {
    fn drop(&mut self) {
        if let Some(block) = self.block {
            // SAFETY: registered with this token, which is alive; taken out once.
            unsafe { Block::deregister(block, &self.token.hub) }
        }
    }
}

impl<T: TokenRef> fmt::Debug for Registration<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("token", &*self.token)
            .finish_non_exhaustive()
    }
}

impl CancelToken {
    /// Calls `f` once when the token is cancelled, or now if it is so already.
    ///
    /// It runs on the thread that cancels, after all wakers have been woken, among the callbacks of
    /// this token in the order of registration, and with no lock held: it may use this token and any
    /// other. (One that is registered while a cancel is under way runs at once, maybe before those.) Dropping the
    /// [`Registration`] deregisters it. Keep it short: the caller of `cancel` waits for it.
    ///
    /// # Panics
    ///
    /// If the token is cancelled and `f` panics. Otherwise a panic of `f` goes to the caller of
    /// `cancel`, after all other callbacks have run.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Cancelled};
    ///
    /// let token = CancelToken::new();
    /// let _registration = token.on_cancel(|why: &Cancelled| println!("{why}"));
    /// token.cancel_with("enough"); // prints "cancelled: manual: enough"
    /// ```
    pub fn on_cancel<F>(&self, f: F) -> Registration<CancelToken>
    where
        F: FnOnce(&Cancelled) + Send + 'static,
    {
        Registration::new(self.clone(), f)
    }
}

impl Token {
    /// Calls `f` once when the token is cancelled, or now if it is so already.
    ///
    /// Otherwise as [`CancelToken::on_cancel`]; the registration borrows the token.
    ///
    /// # Panics
    ///
    /// As [`CancelToken::on_cancel`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Token;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// static STOP: Token = Token::new();
    /// static RAN: AtomicBool = AtomicBool::new(false);
    ///
    /// let _registration = STOP.on_cancel_ref(|_| RAN.store(true, Ordering::Relaxed));
    /// STOP.cancel();
    /// assert!(RAN.load(Ordering::Relaxed));
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
    pub fn on_cancel_ref<F>(&self, f: F) -> Registration<&Token>
    where
        F: FnOnce(&Cancelled) + Send + 'static,
    {
        Registration::new(self, f)
    }
}
