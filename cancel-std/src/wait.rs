//! Waiting on a plain thread: for tokens, and for any future.

use cancel_core::{Cancelled, Token, TokenRef, TokenView, WaitForCancel};
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
/// # Panics
///
/// On wasm without threads, where a thread cannot wait, if they would have to.
///
/// # Examples
///
/// ```
/// use cancel_std::{BlockingWait, CancelToken};
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
    /// use cancel_std::{BlockingWait, Reason, Token};
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
    /// use cancel_std::{BlockingWait, CancelToken};
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
        block_on(self.cancelled())
    }

    fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled> {
        wait_until_cause(|| self.cause(), self.cancelled(), timeout)
    }
}

impl<T: TokenRef> BlockingWait for TokenView<T> {
    fn wait(&self) -> Cancelled {
        block_on(self.cancelled())
    }

    fn wait_timeout(&self, timeout: Duration) -> Option<Cancelled> {
        wait_until_cause(|| self.cause(), self.cancelled(), timeout)
    }
}

fn wait_until_cause(
    cause: impl Fn() -> Option<Cancelled>,
    cancelled: WaitForCancel<&Token>,
    timeout: Duration,
) -> Option<Cancelled> {
    let now = cause();
    if now.is_some() || timeout.is_zero() {
        return now;
    }
    // In the last moment the cause may be there, and the wake-up still on its way.
    wait_for(cancelled, timeout).or_else(cause)
}

fn wait_for(cancelled: WaitForCancel<&Token>, timeout: Duration) -> Option<Cancelled> {
    match Instant::now().checked_add(timeout) {
        Some(deadline) => block_until(cancelled, Some(deadline)),
        None => Some(block_on(cancelled)),
    }
}

/// Runs `future` on this thread, which sleeps whenever there is nothing to do.
///
/// For threads without an executor: in `main`, in tests, on a thread of one's own. Operations of
/// this crate need nothing else. In async code await the future instead: this blocks the whole
/// executor.
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
/// use cancel_std::{Cancelable, block_on};
/// use std::time::Duration;
///
/// let run = Cancelable::with_timeout(Duration::from_secs(10)).run(async |cx| {
///     cx.sleep(Duration::from_millis(5)).await;
///     5
/// });
/// assert_eq!(block_on(run), Ok(5));
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        // Without a deadline it has an answer the first time.
        if let Some(output) = block_until(future.as_mut(), None) {
            return output;
        }
    }
}

/// `None`: the deadline came first.
fn block_until<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        if !bell.sleep(deadline) {
            return None;
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
