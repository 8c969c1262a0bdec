//! A callback pinned where it is: for code to run on a cancel without a heap.

use crate::cause::Cancelled;
use crate::sync::{assert_size, const_fn};
use crate::token::base::Token;
use crate::tree::Hook;
use crate::tree::Hub;
use crate::tree::need_all;
use core::fmt;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::addr_of;

/// Code to run when a token is cancelled. It lives on the stack, in a future, or in a `static`, and
/// needs no heap.
///
/// Pin it and [`enter`](OnCancel::enter) it. Dropping it unregisters it, in O(1) and without waiting:
/// it does not start any more, unless a cancel on another thread, or one that was interrupted for this
/// drop, has come to it already.
///
/// ```
/// use cancel_core::{OnCancel, Token};
/// use std::pin::pin;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static MOTOR: AtomicBool = AtomicBool::new(true);
///
/// let stop = Token::new();
/// let motor_off = pin!(OnCancel::new(&stop, |_| MOTOR.store(false, Ordering::Release)));
/// motor_off.enter();
/// stop.cancel();
/// assert!(!MOTOR.load(Ordering::Acquire));
/// ```
///
/// As a `static` it is entered once, for the rest of the program, by
/// [`enter_static`](OnCancel::enter_static).
///
/// It is called once, by the thread or interrupt handler that cancels, after all wakers have
/// been woken, among the callbacks of its token in the order in which they were entered, and with no
/// lock held: it may use this token and any other. If the token is cancelled already, it is called
/// when it is entered.
///
/// # The closure
///
/// The canceller calls a copy of it, so it may be running when its `OnCancel` is gone. Therefore it
/// is `Copy` and `'static`, and captures two pointers' worth at most: nothing, a number, a reference
/// to a `static`, a function and an argument for it. One that captures more does not compile.
///
/// With a heap, [`CancelToken::on_cancel`](crate::CancelToken::on_cancel) takes any closure.
pub struct OnCancel<'t> {
    hook: Hook,
    token: &'t Token,
    /// The token's list points to `hook`.
    _pinned: PhantomPinned,
}

assert_size!(OnCancel<'_>, at most 7 * size_of::<usize>());

// SAFETY: the closure is `Send`; the entry is used under the token's lock.
unsafe impl Send for OnCancel<'_> {}
// SAFETY: through a shared reference the closure is only copied, and called once.
unsafe impl Sync for OnCancel<'_> {}
impl core::panic::UnwindSafe for OnCancel<'_> {}
impl core::panic::RefUnwindSafe for OnCancel<'_> {}

impl<'t> OnCancel<'t> {
    const_fn! {
        /// Creates a callback that is not registered yet.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::{OnCancel, Token};
        ///
        /// static STOP: Token = Token::new();
        /// static SAY_SO: OnCancel<'static> = OnCancel::new(&STOP, |why| println!("{why}"));
        /// # SAY_SO.enter_static();
        /// ```
        ///
        /// Two pointers' worth:
        ///
        /// ```compile_fail
        /// use cancel_core::{OnCancel, Token};
        ///
        /// let (token, much) = (Token::new(), [0_usize; 3]);
        /// OnCancel::new(&token, move |_| println!("{much:?}"));
        /// ```
        pub const fn new<F>(token: &'t Token, f: F) -> Self
        where
            F: FnOnce(&Cancelled) + Copy + Send + 'static,
        {
            OnCancel {
                hook: Hook::new(f),
                token,
                _pinned: PhantomPinned,
            }
        }
    }

    /// Registers the callback, or calls it now if the token is cancelled already. A second call does
    /// nothing.
    ///
    /// # Panics
    ///
    /// If the token is cancelled and the callback panics. Otherwise a panic goes to the caller of
    /// `cancel`, after all others have been called.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{OnCancel, Token};
    /// use std::pin::pin;
    ///
    /// let token = Token::new();
    /// {
    ///     let never = pin!(OnCancel::new(&token, |_| panic!("not called")));
    ///     never.enter();
    /// } // unregistered here
    /// token.cancel();
    /// ```
    pub fn enter(self: Pin<&mut Self>) {
        self.into_ref().register();
    }

    /// Registers a callback in a `static`, for ever, or calls it now if the token is cancelled already.
    ///
    /// It can be called on any thread; only the first call has an effect.
    ///
    /// # Panics
    ///
    /// As [`enter`](OnCancel::enter).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, OnCancel, Reason, Token};
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static STOP: Token = Token::new();
    /// static RUNS: AtomicU32 = AtomicU32::new(0);
    /// static COUNT: OnCancel<'static> = OnCancel::new(&STOP, count);
    ///
    /// fn count(why: &Cancelled) {
    ///     assert_eq!(why.reason(), Reason::Shutdown);
    ///     RUNS.fetch_add(1, Ordering::Relaxed);
    /// }
    ///
    /// COUNT.enter_static(); // when the program starts
    /// STOP.cancel_with(Reason::Shutdown); // in an interrupt handler
    /// assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    /// ```
    pub fn enter_static(&'static self) {
        Pin::static_ref(self).register();
    }

    fn register(self: Pin<&Self>) {
        need_all();
        // SAFETY: pinned, and the drop takes it out. The token is borrowed for longer than we live.
        unsafe { Hook::enter(addr_of!(self.get_ref().hook), &self.token.hub) }
    }
}

impl Drop for OnCancel<'_> {
    fn drop(&mut self) {
        // SAFETY: entered with this token, or never; the token is alive.
        unsafe { Hub::deregister(&self.token.hub, addr_of!(self.hook.entry)) };
    }
}

impl fmt::Debug for OnCancel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel")
            .field("token", self.token)
            .finish_non_exhaustive()
    }
}
