//! `tokio_util::sync::CancellationToken` by its own names, over [`CancelToken`].
//!
//! Everything in `tokio_util::sync` of tokio-util 0.7 for its token is here with the same names,
//! signatures, outputs and documented behaviour. A program that uses it needs another `use` line and no
//! other change:
//!
//! ```
//! // before: use tokio_util::sync::CancellationToken;
//! use cancel_core::compat::tokio_util::CancellationToken;
//!
//! # smol::block_on(async {
//! let token = CancellationToken::new();
//! let child = token.child_token();
//! let task = smol::spawn(async move {
//!     child.cancelled().await; // `()`, as there
//!     "stopped"
//! });
//! token.cancel();
//! assert_eq!(task.await, "stopped");
//! assert_eq!(token.run_until_cancelled(async { 5 }).await, None);
//! # });
//! ```
//!
//! It needs no tokio, runs on any executor, and without `std`: a heap is enough.
//!
//! | tokio-util | this crate | what you gain |
//! |---|---|---|
//! | `CancellationToken::new()` | [`CancelToken::new`] | a `static` one without a heap: [`Token::new`] |
//! | `child_token()` | [`CancelToken::child`] | a child that follows others too: [`CancelToken::child_following`] |
//! | `cancel()` | [`Token::cancel`] | whether this call won; a cause: [`Token::cancel_with`] |
//! | `is_cancelled()` | [`Token::is_cancelled`] | `Err` for `?`: [`Token::check`]; why: [`Token::cause`] |
//! | `cancelled()`, `cancelled_owned()` | [`Token::cancelled`], [`CancelToken::cancelled_owned`] | resolves to the [`Cancelled`](crate::Cancelled) that says why |
//! | `run_until_cancelled(f)`, `…_owned(f)` | [`Token::run_until_cancelled`], [`CancelFutureExt`](crate::CancelFutureExt) | `Err` says why; the cancelation comes first at every poll |
//! | `tokio_util::future::FutureExt`: `with_cancellation_token(&t)`, `…_owned(t)` (not in this module) | [`CancelFutureExt::until_cancelled`](crate::CancelFutureExt::until_cancelled), `until_cancelled_owned` | `Err` says why instead of `None` |
//! | `drop_guard()`, `drop_guard_ref()` | [`CancelToken::drop_guard`], [`Token::drop_guard_ref`] | a cause of your own |
//! | `select!` over `cancelled()` and a stream | [`CancelStreamExt`](crate::CancelStreamExt) | no item is lost |
//! | a task that waits, then calls a function | [`CancelToken::on_cancel`] | no task |
//! | `select!` over several tokens | [`CancelToken::any`], [`CancelToken::all`] | one token |
//!
//! The two can be mixed while a program moves. A [`CancellationToken`] is made [`From`] a [`CancelToken`]
//! and the other way round; both are then the same token.
//!
//! ```
//! use cancel_core::CancelToken;
//! use cancel_core::compat::tokio_util::CancellationToken;
//!
//! let new = CancelToken::new();
//! let old = CancellationToken::from(new.clone());
//! new.cancel_with("in new code");
//! assert!(old.is_cancelled());
//! assert_eq!(CancelToken::from(old).cause().unwrap().message(), Some("in new code"));
//! ```

use crate::cause::{HasId, TokenId};
use crate::token::{
    AsToken, Beside, CancelToken, Follow, Followed, Lent, Token, TokenRef, WaitForCancel,
};
use core::fmt;
use core::future::Future;
use core::hash::{Hash, Hasher};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use pin_project_lite::pin_project;

/// A token that signals a cancelation request to one or more tasks. Clones are the same token.
///
/// The interface of tokio-util's type; [`CancelToken`] is the one to use in new code.
///
/// # Examples
///
/// ```
/// use cancel_core::compat::tokio_util::CancellationToken;
///
/// let token = CancellationToken::new();
/// assert!(!token.is_cancelled());
/// token.clone().cancel();
/// assert!(token.is_cancelled());
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CancellationToken {
    token: CancelToken,
}

impl CancellationToken {
    /// Creates a token that is not cancelled.
    ///
    /// # Examples
    ///
    /// See [`CancellationToken`].
    pub fn new() -> CancellationToken {
        CancellationToken::default()
    }

    /// Creates a token that is cancelled with this one, and can be cancelled alone.
    ///
    /// Of a token that is cancelled, the child is cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let (one, two) = (token.child_token(), token.child_token());
    /// one.cancel();
    /// assert!(!token.is_cancelled() && !two.is_cancelled());
    /// token.cancel();
    /// assert!(two.is_cancelled());
    /// ```
    pub fn child_token(&self) -> CancellationToken {
        self.token.child().into()
    }

    /// Cancels the token and all its descendants, and wakes all tasks that wait for any of them.
    ///
    /// When it returns, all of them are cancelled, also if another call won; see
    /// [`Token`](crate::Token#guarantees-about-a-tree) for the edges of this, above all without `std`.
    ///
    /// # Panics
    ///
    /// As [`Token::cancel`].
    ///
    /// # Examples
    ///
    /// See [`CancellationToken`].
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// Returns `true` if the token is cancelled.
    ///
    /// # Examples
    ///
    /// See [`CancellationToken`].
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Returns a future that resolves once the token is cancelled, at once if it is so already.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// token.cancel();
    /// let () = smol::block_on(token.cancelled());
    /// ```
    #[inline]
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture {
            wait: self.token.cancelled(),
        }
    }

    /// Returns a future that resolves once the token is cancelled, and owns the token.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let task = smol::spawn(token.clone().cancelled_owned());
    /// token.cancel();
    /// let () = smol::block_on(task);
    /// ```
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned {
            wait: WaitForCancel::new(self.token),
        }
    }

    /// Creates a guard that cancels the token when dropped, unless disarmed.
    ///
    /// Behind it, the reason is [`Reason::Dropped`](crate::Reason::Dropped).
    ///
    /// # Examples
    ///
    /// See [`DropGuard`].
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { inner: Some(self) }
    }

    /// Creates a guard that borrows the token and cancels it when dropped, unless disarmed.
    ///
    /// # Examples
    ///
    /// See [`DropGuardRef`].
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef { inner: Some(self) }
    }

    /// Runs `fut` until it is ready (`Some`) or the token is cancelled (`None`; `fut` is dropped).
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `fut`.
    ///
    /// # Fairness
    ///
    /// A token that is cancelled before the first poll gives `None`. Later, if `fut` is ready and the
    /// token cancelled in the same poll, `fut` wins. (With [`Token::run_until_cancelled`] the token
    /// does.)
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// smol::block_on(async {
    ///     assert_eq!(token.run_until_cancelled(async { 5 }).await, Some(5));
    ///     token.cancel();
    ///     assert_eq!(token.run_until_cancelled(async { 5 }).await, None);
    /// });
    /// ```
    #[inline(always)]
    pub fn run_until_cancelled<F>(&self, fut: F) -> impl Future<Output = Option<F::Output>>
    where
        F: Future,
    {
        WorkFirst::new(fut, &*self.token)
    }

    /// Runs `fut` until it is ready (`Some`) or the token is cancelled (`None`; `fut` is dropped), and
    /// owns the token.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as `fut`.
    ///
    /// # Fairness
    ///
    /// As [`run_until_cancelled`](CancellationToken::run_until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let task = smol::spawn(token.child_token().run_until_cancelled_owned(async { 5 }));
    /// assert_eq!(smol::block_on(task), Some(5));
    /// ```
    #[inline(always)]
    pub fn run_until_cancelled_owned<F>(self, fut: F) -> impl Future<Output = Option<F::Output>>
    where
        F: Future,
    {
        WorkFirst::new(fut, self.token)
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken")
            .field("is_cancelled", &self.is_cancelled())
            .finish()
    }
}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.token.hash(state);
    }
}

/// The same token.
impl From<CancelToken> for CancellationToken {
    fn from(token: CancelToken) -> Self {
        CancellationToken { token }
    }
}

/// The same token.
impl From<CancellationToken> for CancelToken {
    fn from(token: CancellationToken) -> Self {
        token.token
    }
}

impl AsToken for CancellationToken {
    fn as_token(&self) -> Lent<&Token> {
        self.token.as_token()
    }
}

impl HasId for CancellationToken {
    fn id(&self) -> TokenId {
        self.token.id()
    }
}

impl<'t> Follow<'t> for &'t CancellationToken {
    fn follow(self) -> Followed<'t> {
        self.token.follow()
    }
}

/// The same token.
impl AsRef<CancelToken> for CancellationToken {
    fn as_ref(&self) -> &CancelToken {
        &self.token
    }
}

/// Cancels its token when dropped, unless disarmed. Made by [`CancellationToken::drop_guard`].
///
/// # Panics
///
/// The drop panics as [`cancel_core::DropGuard`](crate::DropGuard).
///
/// # Examples
///
/// ```
/// use cancel_core::compat::tokio_util::CancellationToken;
///
/// let token = CancellationToken::new();
/// let guard = token.clone().drop_guard();
/// assert!(!guard.token().is_cancelled());
/// drop(guard);
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
pub struct DropGuard {
    inner: Option<CancellationToken>,
}

impl DropGuard {
    /// Returns a reference to the token.
    ///
    /// # Examples
    ///
    /// See [`DropGuard`].
    pub fn token(&self) -> &CancellationToken {
        self.inner.as_ref().expect("taken only when the guard goes")
    }

    /// Returns the token, which this guard no longer cancels.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new().drop_guard().disarm();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn disarm(mut self) -> CancellationToken {
        self.inner.take().expect("taken only when the guard goes")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = self.inner.take() {
            drop(token.token.drop_guard());
        }
    }
}

/// Cancels the token that it borrows when dropped, unless disarmed. Made by
/// [`CancellationToken::drop_guard_ref`].
///
/// # Panics
///
/// The drop panics as [`cancel_core::DropGuard`](crate::DropGuard).
///
/// # Examples
///
/// ```
/// use cancel_core::compat::tokio_util::CancellationToken;
///
/// let token = CancellationToken::new();
/// drop(token.drop_guard_ref());
/// assert!(token.is_cancelled());
/// ```
#[derive(Debug)]
pub struct DropGuardRef<'a> {
    inner: Option<&'a CancellationToken>,
}

impl<'a> DropGuardRef<'a> {
    /// Returns a reference to the token.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// assert_eq!(token.drop_guard_ref().token(), &token);
    /// ```
    pub fn token(&self) -> &CancellationToken {
        self.inner.expect("taken only when the guard goes")
    }

    /// Returns the token, which this guard no longer cancels.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::compat::tokio_util::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// token.drop_guard_ref().disarm();
    /// assert!(!token.is_cancelled());
    /// ```
    pub fn disarm(mut self) -> &'a CancellationToken {
        self.inner.take().expect("taken only when the guard goes")
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.inner {
            drop(token.token.drop_guard_ref());
        }
    }
}

pin_project! {
    /// Resolves once a token is cancelled. Made by [`CancellationToken::cancelled`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// See [`CancellationToken::cancelled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFuture<'a> {
        #[pin]
        wait: WaitForCancel<&'a Token>,
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_only(cx)
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFuture").finish()
    }
}

pin_project! {
    /// Resolves once a token is cancelled, which it owns. Made by
    /// [`CancellationToken::cancelled_owned`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// # Examples
    ///
    /// See [`CancellationToken::cancelled_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFutureOwned {
        #[pin]
        wait: WaitForCancel<CancelToken>,
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_only(cx)
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned").finish()
    }
}

pin_project! {
    /// A future beside a token, of which the future wins a tie.
    struct WorkFirst<F, T: TokenRef> {
        // `None`: it has resolved.
        #[pin]
        running: Option<Beside<F, T>>,
    }
}

impl<F, T: TokenRef> WorkFirst<F, T> {
    #[inline(always)]
    fn new(work: F, token: T) -> Self {
        WorkFirst {
            running: Some(Beside::new(work, token)),
        }
    }
}

impl<F: Future, T: TokenRef> Future for WorkFirst<F, T> {
    type Output = Option<F::Output>;

    // Always: as for `UntilCancelled`.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut running = self.project().running;
        let Some(beside) = running.as_mut().as_pin_mut() else {
            panic!("polled after it has resolved")
        };
        let beside = beside.project();
        // (It waits from the end of the first poll on.)
        let mut output = Poll::Pending;
        if !(beside.wait.is_new() && beside.wait.token().is_cancelled()) {
            output = beside.work.poll(cx);
        }
        let result = match output {
            Poll::Ready(output) => Some(output),
            Poll::Pending => {
                ready!(beside.wait.poll_only(cx));
                None
            }
        };
        running.set(None);
        Poll::Ready(result)
    }
}
