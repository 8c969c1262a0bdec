//! Waiting on a plain thread, without an executor. Needs `std`.

use crate::sync::with_std;

with_std! {
mod with_std {
use crate::cause::Cancelled;
use crate::sync::Parker;
use crate::token::base::{Token, TokenRef};
use crate::token::view::TokenView;
use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::time;

impl Token {
    /// Blocks the thread until the token is cancelled. If nobody cancels it, this waits for ever.
    ///
    /// Any number of threads may wait for one token. In async code await
    /// [`cancelled`](Token::cancelled) instead: this blocks the whole executor.
    ///
    /// # Panics
    ///
    /// On wasm without threads, where a thread cannot wait, if it would have to.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Token};
    ///
    /// static STOP: Token = Token::new();
    ///
    /// std::thread::spawn(|| STOP.cancel_with(Reason::Shutdown));
    /// assert_eq!(STOP.wait().reason(), Reason::Shutdown);
    /// ```
    pub fn wait(&self) -> Cancelled {
        self.cause().unwrap_or_else(|| block_on(self.cancelled()))
    }

    /// Blocks the thread until the token is cancelled or `timeout` is over, counted from this call.
    ///
    /// Zero only looks. There is no upper bound: [`Duration::MAX`] waits for ever.
    ///
    /// # Returns
    ///
    /// `None` if the time was over first. A token that was cancelled at the very last moment is
    /// still seen.
    ///
    /// # Panics
    ///
    /// As [`wait`](Token::wait).
    ///
    /// # Examples
    ///
    /// A background thread that does something every now and then until told to stop:
    ///
    /// ```
    /// use cancel_core::CancelToken;
    /// use std::time::Duration;
    ///
    /// let stop = CancelToken::new();
    /// let mut rounds = 0;
    /// while stop.wait_timeout(Duration::from_millis(1)).is_none() {
    ///     rounds += 1;
    ///     if rounds == 3 {
    ///         stop.cancel();
    ///     }
    /// }
    /// assert_eq!(rounds, 3);
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled> {
        let now = self.cause();
        if now.is_some() || timeout.is_zero() {
            return now;
        }
        match time::Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_deadline(deadline),
            None => Some(self.wait()),
        }
    }

    /// Blocks the thread until the token is cancelled or the clock has reached `deadline`.
    ///
    /// A deadline in the past only looks.
    ///
    /// # Returns
    ///
    /// As [`wait_timeout`](Token::wait_timeout).
    ///
    /// # Panics
    ///
    /// As [`wait`](Token::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// let token = cancel_core::Token::new();
    /// assert!(token.wait_deadline(Instant::now()).is_none());
    /// token.cancel();
    /// assert!(token.wait_deadline(Instant::now()).is_some());
    /// ```
    pub fn wait_deadline(&self, deadline: time::Instant) -> Option<Cancelled> {
        // In the last moment the cause may be there, and the wake-up still on its way.
        block_until(self.cancelled(), Some(deadline)).or_else(|| self.cause())
    }
}

impl<T: TokenRef> TokenView<T> {
    /// Blocks the thread until the token is cancelled, as
    /// [`Token::wait`].
    ///
    /// # Panics
    ///
    /// As [`Token::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// let view = token.view_owned();
    /// let waiting = std::thread::spawn(move || view.wait());
    /// token.cancel_with("enough");
    /// assert_eq!(waiting.join().unwrap().message(), Some("enough"));
    /// ```
    pub fn wait(&self) -> Cancelled {
        self.token().wait()
    }

    /// Blocks the thread until the token is cancelled or `timeout` is over, as
    /// [`Token::wait_timeout`].
    ///
    /// # Returns
    ///
    /// As [`Token::wait_timeout`].
    ///
    /// # Panics
    ///
    /// As [`Token::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let token = cancel_core::Token::new();
    /// assert!(token.view().wait_timeout(Duration::ZERO).is_none());
    /// ```
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled> {
        self.token().wait_timeout(timeout)
    }

    /// Blocks the thread until the token is cancelled or the clock has reached `deadline`, as
    /// [`Token::wait_deadline`].
    ///
    /// # Returns
    ///
    /// As [`Token::wait_timeout`].
    ///
    /// # Panics
    ///
    /// As [`Token::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::Token::new();
    /// assert!(token.view().wait_deadline(std::time::Instant::now()).is_none());
    /// ```
    pub fn wait_deadline(&self, deadline: time::Instant) -> Option<Cancelled> {
        self.token().wait_deadline(deadline)
    }
}

/// Runs `future` on this thread, which sleeps whenever there is nothing to do.
///
/// For threads without an executor: in `main`, in tests, on a thread of one's own. In async code await
/// the future instead: this blocks the whole executor.
///
/// It may be called within itself. The waker that the future gets may be kept and called at any
/// time, also when this call is over. The parking place of the thread ([`std::thread::park`]) is
/// left alone.
///
/// # Panics
///
/// If the future does. On wasm without threads, where a thread cannot wait, if it would have to.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelToken, block_on};
///
/// let token = CancelToken::new();
/// let handle = token.clone();
/// std::thread::spawn(move || handle.cancel());
/// assert!(block_on(token.run_until_cancelled(std::future::pending::<()>())).is_err());
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    match block_until(future, None) {
        Some(output) => output,
        None => unreachable!("there is no deadline"),
    }
}

/// `None`: the deadline came first.
fn block_until<F: Future>(future: F, deadline: Option<time::Instant>) -> Option<F::Output> {
    let (parker, waker) = Parker::with_waker();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        if !parker.park(deadline) {
            return None;
        }
    }
}
}
}

with_std! {
pub use with_std::block_on;
}
