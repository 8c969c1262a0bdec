//! The handle of a callback.

use crate::block::Block;
use crate::error::Cancelled;
use crate::token::TokenRef;
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
