//! Waiting for a token on a plain thread.

use cancel_core::{Cancelled, Token};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// Waiting on a plain thread, without an executor.
///
/// Any number of threads may wait for one token. In async code await
/// [`cancelled`](Token::cancelled) instead: these block the whole executor.
///
/// # Examples
///
/// ```
/// use cancel_core::CancelToken;
/// use cancel_std::BlockingWait;
///
/// let token = CancelToken::new();
/// let worker = std::thread::spawn({
///     let token = token.clone();
///     move || token.wait()
/// });
/// token.cancel_with("enough");
/// assert_eq!(worker.join().unwrap().message(), Some("enough"));
/// ```
pub trait BlockingWait {
    /// Blocks the thread until the token is cancelled. If nobody does that, it is for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Token};
    /// use cancel_std::BlockingWait;
    ///
    /// static STOP: Token = Token::new();
    ///
    /// std::thread::spawn(|| STOP.cancel_with(Reason::Shutdown));
    /// assert_eq!(STOP.wait().reason(), Reason::Shutdown);
    /// ```
    fn wait(&self) -> Cancelled;

    /// Blocks the thread until the token is cancelled or `timeout` is over, counted from this call.
    ///
    /// Zero only looks; there is no upper bound ([`Duration::MAX`] waits for ever).
    ///
    /// # Returns
    ///
    /// `None` if the time was over first. A token that was cancelled at the very last moment is
    /// still seen.
    ///
    /// # Examples
    ///
    /// A background thread that does something every now and then until told to stop:
    ///
    /// ```
    /// use cancel_core::CancelToken;
    /// use cancel_std::BlockingWait;
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
    fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled>;
}

impl BlockingWait for Token {
    fn wait(&self) -> Cancelled {
        loop {
            // Without a deadline it has an answer the first time.
            if let Some(cancelled) = wait_until(self, None) {
                return cancelled;
            }
        }
    }

    fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled> {
        if timeout.is_zero() {
            return self.cause();
        }
        match Instant::now().checked_add(timeout) {
            Some(deadline) => wait_until(self, Some(deadline)),
            None => Some(self.wait()),
        }
    }
}

fn wait_until(token: &Token, deadline: Option<Instant>) -> Option<Cancelled> {
    if let Some(cancelled) = token.cause() {
        return Some(cancelled);
    }
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut wait = pin!(token.cancelled());
    loop {
        if let Poll::Ready(cancelled) = wait.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(cancelled);
        }
        if !bell.sleep(deadline) {
            return token.cause();
        }
    }
}

/// What the waker of a thread rings. Not `thread::park`: its token is one per thread, and may be in
/// use by what the thread does besides.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl Bell {
    /// Sleeps until the bell rings. False: the deadline came first.
    fn sleep(&self, deadline: Option<Instant>) -> bool {
        // Some systems do not like longer waits.
        const LONGEST: Duration = Duration::from_secs(24 * 3600);

        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !*rung {
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => LONGEST,
            };
            if left.is_zero() {
                return false;
            }
            let woken = self.ring.wait_timeout(rung, left.min(LONGEST));
            rung = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        *rung = false;
        true
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ring.notify_one();
    }
}
