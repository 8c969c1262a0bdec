//! Links to the tokens of tokio-util, in both directions.

use cancel_core::{CancelToken, Cause, Reason, Registration, StaticCause};
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

static CANCELLED: StaticCause =
    StaticCause::new(Reason::Manual, "a token of tokio-util was cancelled");

/// Resolves when a token of tokio-util is cancelled, with a cause that says so: a source for
/// [`Source::future`](crate::Source::future), polled while the operation runs.
///
/// # Cancel safety
///
/// Cancel safe.
///
/// # Examples
///
/// ```
/// use cancel_tokio::{Cancelable, Reason, Source, tokio_cancelled};
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let theirs = CancellationToken::new();
/// let op = Cancelable::any([Source::future(tokio_cancelled(&theirs))]);
/// theirs.cancel();
/// let cancelled = op.run(async |_| std::future::pending::<()>().await).await.unwrap_err();
/// assert_eq!(cancelled.message(), Some("a token of tokio-util was cancelled"));
///
/// // Theirs do not say why. Whoever knows can:
/// let why = Source::future(async move {
///     theirs.cancelled_owned().await;
///     (Reason::Shutdown, "SIGTERM")
/// });
/// # assert!(Cancelable::any([why]).run(async |_| std::future::pending::<()>().await).await.is_err());
/// # }
/// ```
pub fn tokio_cancelled(theirs: &CancellationToken) -> impl Future<Output = Cause> + Send + use<> {
    let cancelled = theirs.clone().cancelled_owned();
    async move {
        cancelled.await;
        Cause::from(&CANCELLED)
    }
}

/// As long as this is held, the cancel of one token cancels another of the other kind.
///
/// No task is spawned, nothing is polled, and no runtime is needed: the thread that cancels the one
/// cancels the other, before its call returns. (With tokio-util: before the call returns that won.)
/// One that is cancelled already cancels the other at once. A link keeps its tokens; dropping it ends
/// it, waits for nobody, and cancels nothing.
///
/// Children follow as ever: of the token that is linked, and the cancel of its parent comes through.
/// For a token that can be cancelled without the one that it follows, link a child. tokio-util's
/// `DropGuard` cancels like everybody else: what it means has to be said [here](Link::from_tokio_with).
///
/// # Examples
///
/// ```
/// use cancel_tokio::{CancelToken, Link};
/// use tokio_util::sync::CancellationToken;
///
/// let (ours, theirs) = (CancelToken::new(), CancellationToken::new());
/// let link = Link::both(&ours, &theirs);
/// let leaf = theirs.child_token();
/// ours.cancel_with("user pressed stop");
/// assert!(leaf.is_cancelled());
/// ```
#[must_use = "dropping it ends the link"]
pub struct Link {
    _to: Option<Registration<CancelToken>>,
    _from: Option<(Disarm, Pin<Box<WaitForCancellationFutureOwned>>)>,
}

impl Link {
    /// `ours` is cancelled when `theirs` is, with [`Reason::Manual`] and a message that says so.
    ///
    /// # Panics
    ///
    /// If `theirs` is cancelled, as [`Token::cancel`](crate::Token::cancel). Later the panics of wakers and
    /// callbacks of `ours` go no further (the panic hook reports them): the cancel is tokio-util's.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{Cancelable, Link};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let theirs = CancellationToken::new();
    /// let op = Cancelable::new().build();
    /// let link = Link::from_tokio(&theirs, op.token());
    /// theirs.cancel();
    /// assert_eq!(op.context().message(), Some("a token of tokio-util was cancelled"));
    /// ```
    pub fn from_tokio(theirs: &CancellationToken, ours: &CancelToken) -> Link {
        Self::from_tokio_with(theirs, ours, &CANCELLED)
    }

    /// [`from_tokio`](Link::from_tokio), with the cause that a cancel of `theirs` stands for.
    ///
    /// # Panics
    ///
    /// As `from_tokio`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{CancelToken, Link, Reason};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let (theirs, ours) = (CancellationToken::new(), CancelToken::new());
    /// let link = Link::from_tokio_with(&theirs, &ours, (Reason::Shutdown, "SIGTERM"));
    /// drop(theirs.clone().drop_guard());
    /// assert_eq!(ours.cause().unwrap().reason(), Reason::Shutdown);
    /// ```
    pub fn from_tokio_with(
        theirs: &CancellationToken,
        ours: &CancelToken,
        cause: impl Into<Cause>,
    ) -> Link {
        let relay = Arc::new(Relay {
            theirs: theirs.clone(),
            ours: ours.clone(),
            cause: Mutex::new(Some(cause.into())),
        });
        let mut wait = Box::pin(theirs.clone().cancelled_owned());
        let waker = Waker::from(relay.clone());
        if wait
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            relay.fire();
        }
        Link {
            _to: None,
            _from: Some((Disarm(relay), wait)),
        }
    }

    /// `theirs` is cancelled when `ours` is. Why, is only known to `ours`.
    ///
    /// # Panics
    ///
    /// If a waker of `theirs` panics, the caller of [`cancel`](crate::Token::cancel) gets to know.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_tokio::{Cancelable, Link};
    /// use std::time::Duration;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let theirs = CancellationToken::new();
    /// let op = Cancelable::with_timeout(Duration::from_millis(5)).build();
    /// let link = Link::to_tokio(op.token(), &theirs);
    /// assert!(op.run(async |_| std::future::pending::<()>().await).await.is_err());
    /// theirs.cancelled().await;
    /// # }
    /// ```
    pub fn to_tokio(ours: &CancelToken, theirs: &CancellationToken) -> Link {
        let theirs = theirs.clone();
        Link {
            _to: Some(ours.on_cancel(move |_| theirs.cancel())),
            _from: None,
        }
    }

    /// Both at once: whichever is cancelled first cancels the other.
    ///
    /// # Panics
    ///
    /// As the two.
    ///
    /// # Examples
    ///
    /// See [`Link`].
    pub fn both(ours: &CancelToken, theirs: &CancellationToken) -> Link {
        Link {
            _to: Self::to_tokio(ours, theirs)._to,
            _from: Self::from_tokio(theirs, ours)._from,
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// What waits at a token of tokio-util: a waker that cancels. Those are called without any lock.
struct Relay {
    theirs: CancellationToken,
    ours: CancelToken,
    cause: Mutex<Option<Cause>>,
}

impl Relay {
    fn take(&self) -> Option<Cause> {
        let mut cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        cause.take()
    }

    fn fire(&self) {
        if let Some(cause) = self.take() {
            self.ours.cancel_with(cause);
        }
    }
}

/// Ends a relay whose waker tokio-util may have taken already, to wake it after others.
struct Disarm(Arc<Relay>);

impl Drop for Disarm {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.theirs.is_cancelled() {
            // A panic would keep tokio's from waking the others.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.fire())) {
                // Whose drop may panic, too.
                std::mem::forget(payload);
            }
        }
    }
}
