//! The handle of a callback.

use crate::cause::Cancelled;
use crate::sync::with_std;
use crate::token::base::{Token, TokenRef};
use crate::token::shared::CancelToken;
use crate::tree::Block;
use core::fmt;

/// A callback that is registered with a token. Dropping it unregisters the callback, in O(1).
///
/// Made by [`CancelToken::on_cancel`](crate::CancelToken::on_cancel) and
/// [`Token::on_cancel_ref`](crate::Token::on_cancel_ref).
///
/// | to | use | it |
/// |---|---|---|
/// | unregister at the end of a scope | `let _registration = …` | drops the registration there |
/// | unregister now, and know whether the callback ran | [`unregister`](Registration::unregister) | never waits |
/// | unregister now, and be sure that it no longer runs | `unregister_and_wait` (with `std`) | waits for a call in progress |
/// | leave the callback registered | [`detach`](Registration::detach) | gives up the registration |
///
/// `let _ = token.on_cancel(f)` drops the registration **at once**, so `f` never runs unless the token
/// is cancelled already. The compiler does not warn about `let _ =`: write
/// `token.on_cancel(f).detach()` instead.
///
/// A callback whose registration has been dropped does not start any more; the drop never waits, so on
/// another thread the callback may be running at that moment. A registration keeps its token. One that
/// is forgotten (`mem::forget`) keeps a shared token for ever, and its own block of memory when it has been
/// called; use [`detach`](Registration::detach), which keeps neither.
///
/// # Examples
///
/// ```
/// let token = cancel_core::CancelToken::new();
/// let registration = token.on_cancel(|_| panic!("never called"));
/// drop(registration);
/// token.cancel();
/// ```
#[must_use = "dropping a `Registration` unregisters the callback at once: keep it, or call `detach` to leave the callback registered"]
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

    /// Leaves the callback registered, and gives up the registration.
    ///
    /// The callback keeps neither the token nor memory for ever. If the last handle of the token goes
    /// without a cancel, the closure is dropped then, uncalled. (If the token has been cancelled
    /// through an ancestor whose `cancel` has not come to this callback yet, the drop of
    /// the last handle calls it.) On a token that can never be cancelled the closure is dropped at once.
    ///
    /// A closure that captures a handle of its own token keeps that token, and itself, until it has run: for
    /// ever, if the token is never cancelled. Capture a handle of another token, or use the argument.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// token.on_cancel(|why| println!("{why}")).detach();
    /// token.cancel_with("enough"); // prints "cancelled: manual: enough"
    /// ```
    #[doc(alias = "forget")]
    #[doc(alias = "leak")]
    pub fn detach(mut self) {
        if !self.token.may_be_cancelled() {
            // Such a token never goes either, and would keep the closure for ever.
            self.unregister();
            return;
        }
        if let Some(block) = self.block.take() {
            // SAFETY: our share, used up here. Before the token, which may be the last handle.
            unsafe { Block::detach(block) }
        }
    }

    /// Unregisters the callback, in O(1) and without waiting.
    ///
    /// # Returns
    ///
    /// `true` if the callback will never run; its closure has been dropped. `false` if it has run, or
    /// is running on another thread (or further up on this one).
    ///
    /// # Panics
    ///
    /// If the drop of the closure does.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// assert!(token.on_cancel(|_| ()).unregister());
    /// let registration = token.on_cancel(|_| ());
    /// token.cancel();
    /// assert!(!registration.unregister());
    /// ```
    #[doc(alias = "deregister")]
    #[doc(alias = "Unregister")]
    pub fn unregister(mut self) -> bool {
        match self.block.take() {
            // SAFETY: registered with this token, which is alive; our share, used up here.
            Some(block) => unsafe { Block::deregister(block, &self.token.hub) },
            None => false,
        }
    }
}

with_std! {
impl<T: TokenRef> Registration<T> {
    /// Unregisters the callback, and if it is running on another thread, blocks until it has returned.
    ///
    /// Except from inside the callback (below): when this returns, the callback is not running and
    /// never will, and its closure has been dropped, so what it uses can be taken apart. (As the
    /// destructor of C++'s `std::stop_callback`.)
    ///
    /// From inside the callback itself, or from anything that it calls, this returns at once instead
    /// of waiting for itself. Two callbacks on two threads that wait for one another wait for ever. In
    /// async code it blocks the executor for as long as the callback takes.
    ///
    /// # Returns
    ///
    /// `true` if the callback will never run, `false` if it has run.
    ///
    /// # Panics
    ///
    /// If the drop of the closure does. On wasm without threads, where a thread cannot wait, if it would
    /// have to.
    ///
    /// # Memory ordering
    ///
    /// What the callback has done is visible when this returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static CALLS: AtomicU32 = AtomicU32::new(0);
    ///
    /// let token = CancelToken::new();
    /// let registration = token.on_cancel(|_| CALLS.store(1, Ordering::Relaxed));
    /// let canceller = std::thread::spawn(move || token.cancel());
    /// let ran = !registration.unregister_and_wait();
    /// assert_eq!(CALLS.load(Ordering::Relaxed), u32::from(ran)); // and so it stays
    /// # canceller.join().unwrap();
    /// ```
    pub fn unregister_and_wait(mut self) -> bool {
        match self.block.take() {
            // SAFETY: registered with this token, which is alive; our share, used up here.
            Some(block) => unsafe { Block::deregister_and_wait(block, &self.token.hub) },
            None => false,
        }
    }
}
}

impl<T: TokenRef> Drop for Registration<T> {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            // SAFETY: registered with this token, which is alive; our share, used up here.
            let _ = unsafe { Block::deregister(block, &self.token.hub) };
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
    /// Calls `f` once when the token is cancelled, or now if the token is already cancelled.
    ///
    /// It runs on the thread that cancels, after all wakers have been woken, among the callbacks of
    /// this token in the order of registration, and with no lock held: it may use this token and any
    /// other. (One that is registered while a cancel is under way runs at once, maybe before those.) Dropping the
    /// [`Registration`] unregisters it. Keep it short: the caller of `cancel` waits for it.
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
    #[doc(alias = "register")]
    #[doc(alias = "stop_callback")]
    #[doc(alias = "on_abort")]
    pub fn on_cancel<F>(&self, f: F) -> Registration<CancelToken>
    where
        F: FnOnce(&Cancelled) + Send + 'static,
    {
        Registration::new(self.clone(), f)
    }
}

impl Token {
    /// Calls `f` once when the token is cancelled, or now if the token is already cancelled.
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
