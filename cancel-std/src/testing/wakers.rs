//! Instrument wakers: they count, and do what well-behaved wakers never do in tests.

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

mod instrument;

#[allow(unsafe_code)]
mod vtable;

use instrument::Instrument;

/// A waker to test futures with: it counts, and calls what the test wants from `wake`, `clone` and
/// `drop`.
///
/// Whoever keeps wakers may meet any of four kinds, and should be tested with all:
/// [counting](TestWaker::counting) ones, to see that there is one wake and nothing is left behind;
/// [re-entrant](TestWaker::reentrant) ones, which call back what wakes them;
/// [panicking](TestWaker::panicking) ones; and ones that are
/// [re-entrant on drop](TestWaker::reentrant_on_drop). Calling foreign code under a lock shows as a
/// deadlock, bookkeeping after foreign code as a wrong count.
///
/// Clones of this handle are of the same instrument.
///
/// # Examples
///
/// ```
/// use cancel_std::CancelToken;
/// use cancel_std::testing::TestWaker;
/// use std::pin::pin;
///
/// let token = CancelToken::new();
/// let asks = token.clone();
/// let instrument = TestWaker::reentrant(move || assert!(asks.is_cancelled()));
/// let mut wait = pin!(token.cancelled());
/// assert!(instrument.poll(wait.as_mut()).is_pending());
/// assert_eq!(instrument.alive(), 1); // the token keeps a waker
/// token.cancel(); // calls the waker, which calls the token
/// assert_eq!((instrument.wakes(), instrument.alive()), (1, 0));
/// ```
#[derive(Clone)]
pub struct TestWaker {
    inner: Arc<Instrument>,
}

impl TestWaker {
    /// One that counts and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// let instrument = cancel_std::testing::TestWaker::counting();
    /// instrument.waker().wake_by_ref();
    /// assert_eq!(instrument.wakes(), 1);
    /// ```
    pub fn counting() -> Self {
        TestWaker {
            inner: Arc::default(),
        }
    }

    /// One that calls `f` from each wake: something that comes back to who wakes it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::TestWaker;
    ///
    /// let token = CancelToken::new();
    /// let again = token.clone();
    /// let instrument = TestWaker::reentrant(move || assert!(!again.cancel()));
    /// let mut wait = Box::pin(token.cancelled());
    /// assert!(instrument.poll(wait.as_mut()).is_pending());
    /// token.cancel();
    /// ```
    pub fn reentrant(f: impl Fn() + Send + Sync + 'static) -> Self {
        TestWaker::counting().on_wake(f)
    }

    /// One whose wakes panic with `message`, as a `&'static str`. The panic hook is not called, so
    /// that nothing is printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::TestWaker;
    ///
    /// let waker = TestWaker::panicking("no").waker();
    /// let panic = std::panic::catch_unwind(move || waker.wake()).unwrap_err();
    /// assert_eq!(panic.downcast_ref(), Some(&"no"));
    /// ```
    pub fn panicking(message: &'static str) -> Self {
        TestWaker::reentrant(move || resume_unwind(Box::new(message)))
    }

    /// One that calls `f` whenever one of its wakers is dropped; a wake by value is a drop, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::TestWaker;
    ///
    /// let token = CancelToken::new();
    /// let asks = token.clone();
    /// let instrument = TestWaker::reentrant_on_drop(move || drop(asks.child()));
    /// let mut wait = Box::pin(token.cancelled());
    /// assert!(instrument.poll(wait.as_mut()).is_pending());
    /// drop(wait); // deregisters, and drops the waker outside of the token's lock
    /// assert_eq!(instrument.alive(), 0);
    /// ```
    pub fn reentrant_on_drop(f: impl Fn() + Send + Sync + 'static) -> Self {
        TestWaker::counting().on_drop(f)
    }

    /// The four kinds, with their names: the re-entrant ones call `f`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::TestWaker;
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// let asks = CancelToken::new();
    /// for (kind, instrument) in TestWaker::kinds(move || drop(asks.child())) {
    ///     let token = CancelToken::new();
    ///     let mut wait = Box::pin(token.cancelled());
    ///     assert!(instrument.poll(wait.as_mut()).is_pending());
    ///     let panicked = catch_unwind(AssertUnwindSafe(|| token.cancel())).is_err();
    ///     assert_eq!(panicked, kind == "panicking");
    ///     assert!(instrument.poll(wait.as_mut()).is_ready(), "{kind}");
    ///     assert_eq!((instrument.wakes(), instrument.alive()), (1, 0), "{kind}");
    /// }
    /// ```
    pub fn kinds(f: impl Fn() + Clone + Send + Sync + 'static) -> [(&'static str, TestWaker); 4] {
        [
            ("counting", TestWaker::counting()),
            ("re-entrant", TestWaker::reentrant(f.clone())),
            ("panicking", TestWaker::panicking("a panicking waker")),
            ("re-entrant on drop", TestWaker::reentrant_on_drop(f)),
        ]
    }

    /// Calls `f` from each wake, after counting it. Instead of what it called before.
    ///
    /// # Panics
    ///
    /// If the instrument has been cloned, or has made a waker that is alive.
    ///
    /// # Examples
    ///
    /// See [`reentrant`](TestWaker::reentrant).
    #[track_caller]
    pub fn on_wake(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.exclusive().on_wake = Some(Box::new(f));
        self
    }

    /// Calls `f` whenever one of its wakers is cloned, before there is a clone.
    ///
    /// # Panics
    ///
    /// As [`on_wake`](TestWaker::on_wake).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::CancelToken;
    /// use cancel_std::testing::TestWaker;
    ///
    /// let token = CancelToken::new();
    /// let canceller = token.clone();
    /// let instrument = TestWaker::counting().on_clone(move || assert!(canceller.cancel()));
    /// let mut wait = Box::pin(token.cancelled());
    /// assert!(instrument.poll(wait.as_mut()).is_ready()); // cancelled while it registered
    /// ```
    #[track_caller]
    pub fn on_clone(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.exclusive().on_clone = Some(Box::new(f));
        self
    }

    /// Calls `f` whenever one of its wakers is dropped, after counting it.
    ///
    /// # Panics
    ///
    /// As [`on_wake`](TestWaker::on_wake).
    ///
    /// # Examples
    ///
    /// See [`reentrant_on_drop`](TestWaker::reentrant_on_drop).
    #[track_caller]
    pub fn on_drop(mut self, f: impl Fn() + Send + Sync + 'static) -> Self {
        self.exclusive().on_drop = Some(Box::new(f));
        self
    }

    #[track_caller]
    fn exclusive(&mut self) -> &mut Instrument {
        let instrument = Arc::get_mut(&mut self.inner);
        instrument.expect("an instrument waker has to be set up before it is used")
    }

    /// A waker. All that are made of one instrument wake the same
    /// ([`will_wake`](Waker::will_wake)).
    ///
    /// # Examples
    ///
    /// ```
    /// let instrument = cancel_std::testing::TestWaker::counting();
    /// assert!(instrument.waker().will_wake(&instrument.waker()));
    /// ```
    pub fn waker(&self) -> Waker {
        self.inner.made.fetch_add(1, Ordering::SeqCst);
        vtable::waker(self.inner.clone())
    }

    /// Polls a future with a waker of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::testing::TestWaker;
    /// use std::pin::pin;
    ///
    /// let future = pin!(async { 5 });
    /// assert_eq!(TestWaker::counting().poll(future), std::task::Poll::Ready(5));
    /// ```
    pub fn poll<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker()))
    }

    /// How often one of its wakers was woken.
    ///
    /// # Examples
    ///
    /// See [`counting`](TestWaker::counting).
    pub fn wakes(&self) -> usize {
        self.inner.wakes.load(Ordering::SeqCst)
    }

    /// How often one of its wakers was cloned.
    ///
    /// # Examples
    ///
    /// ```
    /// let instrument = cancel_std::testing::TestWaker::counting();
    /// drop(instrument.waker().clone());
    /// assert_eq!(instrument.clones(), 1);
    /// ```
    pub fn clones(&self) -> usize {
        self.inner.clones.load(Ordering::SeqCst)
    }

    /// How many of its wakers are alive: who keeps one has not let go of it.
    ///
    /// # Examples
    ///
    /// ```
    /// let instrument = cancel_std::testing::TestWaker::counting();
    /// let waker = instrument.waker();
    /// assert_eq!(instrument.alive(), 1);
    /// drop(waker);
    /// assert_eq!(instrument.alive(), 0);
    /// ```
    pub fn alive(&self) -> usize {
        // (First the drops: each follows its making.)
        let drops = self.inner.drops.load(Ordering::SeqCst);
        self.inner.made.load(Ordering::SeqCst) + self.clones() - drops
    }
}

impl fmt::Debug for TestWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestWaker")
            .field("wakes", &self.wakes())
            .field("clones", &self.clones())
            .field("alive", &self.alive())
            .finish_non_exhaustive()
    }
}
