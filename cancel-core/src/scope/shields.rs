//! Shields: work that runs to its end although its scope is cancelled.

use crate::scope::hold::Hold;
use crate::scope::holds::Holds;
use crate::sync::const_fn;
use crate::token::Token;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use pin_project_lite::pin_project;

/// The shields of one [`Scope`](crate::Scope): work in a shield runs to its end although the scope is
/// cancelled.
///
/// The scope and its body both refer to it. It needs no heap.
///
/// # Examples
///
/// ```
/// use cancel_core::{Scope, Shields, Token};
///
/// let token = Token::new();
/// let shields = Shields::new();
/// let mut saved = false;
/// let body = async {
///     shields
///         .shield(async |inner: &Token| {
///             token.cancel();
///             smol::future::yield_now().await; // not dropped here
///             saved = !inner.is_cancelled();
///         })
///         .await;
///     smol::future::yield_now().await; // but here
///     unreachable!()
/// };
/// let result: Result<(), _> = smol::block_on(Scope::new(&token, body).shields(&shields));
/// assert!(result.is_err());
/// assert!(saved);
/// ```
///
/// # What holds the body
///
/// A shield is open from its first poll until it is ready or dropped. A cancelled scope keeps its body
/// while an open shield is being polled; `n` shields that nobody polls (forgotten, or left behind by a
/// `select`) are given up after a bounded number of polls, at most 17 + log2(`n` + 1) (rounded up).
///
/// Every event that wakes a cancelled body with open shields is looked at in this way, and costs a few more
/// polls. The end of a shield is always seen. Another event that comes during these polls may be seen only
/// together with the next one.
///
/// # One scope at a time
///
/// A scope uses its shields from its first poll to its end or drop. Another scope that is polled for the
/// first time meanwhile ends with an error: [`Reason::Error`](crate::Reason::Error), "the shields are used by
/// another scope". Its body is not polled, and the first scope is not touched. A scope that follows may use
/// the same shields again. A scope inside the body of another takes shields of its own, made with
/// [`nested`](Shields::nested).
///
/// A scope that is forgotten ([`mem::forget`](core::mem::forget)) after its first poll uses its shields for
/// as long as they exist.
///
/// ```
/// use cancel_core::{Reason, Scope, Shields, Token};
///
/// let (token, shields) = (Token::new(), Shields::new());
/// let inner = async { Scope::new(&token, async { 5 }).shields(&shields).await };
/// let outer = Scope::new(&token, inner).shields(&shields);
/// let refused = smol::block_on(outer).unwrap().unwrap_err();
/// assert_eq!(refused.reason(), Reason::Error);
///
/// let next = Scope::new(&token, async { 5 }).shields(&shields);
/// assert_eq!(smol::block_on(next), Ok(5));
/// ```
///
/// Shields are meant for the code inside the body. One that another task polls is an open shield, and its
/// end wakes the scope; but that task may be polled too late to be seen.
pub struct Shields<'o> {
    pub(crate) holds: Holds,
    pub(crate) outer: Option<&'o Shields<'o>>,
}

impl Shields<'_> {
    const_fn! {
        /// Creates the shields of a top-level scope.
        ///
        /// # Examples
        ///
        /// ```
        /// assert!(!cancel_core::Shields::new().is_open());
        /// ```
        pub const fn new() -> Self {
            Shields {
                holds: Holds::new(),
                outer: None,
            }
        }
    }
}

impl<'o> Shields<'o> {
    /// Creates the shields of a scope that runs inside the body of the scope that uses `outer`.
    ///
    /// The inner scope is then like a shield of the outer one, from its first poll to its end, if it has
    /// a grace period or a cleanup; and for as long as it has open shields. So these are not lost when the
    /// outer scope is cancelled.
    ///
    /// The token of the inner scope should be one that is cancelled with the outer scope's token (a
    /// child of it): the outer scope, once cancelled, waits for the inner one to end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Scope, Shields};
    /// use std::cell::Cell;
    /// use std::future::pending;
    ///
    /// let (root, outer, closed) = (CancelToken::new(), Shields::new(), Cell::new(false));
    /// let body = async {
    ///     let inner = Shields::nested(&outer);
    ///     let run = Scope::new(root.child(), pending::<()>()).shields(&inner);
    ///     _ = run.finally(async || closed.set(true)).await;
    ///     pending::<()>().await;
    /// };
    /// let run = Scope::new(&*root, body).shields(&outer).source(std::future::ready("enough"));
    /// assert!(smol::block_on(run).is_err());
    /// assert!(closed.get());
    /// ```
    pub fn nested(outer: &'o Shields<'o>) -> Self {
        Shields {
            holds: Holds::new(),
            outer: Some(outer),
        }
    }

    /// Runs `work` to its end although the scope is cancelled, and returns its output.
    ///
    /// The work gets a token of its own, which is live: neither the scope's cancelation nor its deadline
    /// reaches it. Scopes, [`Child`](crate::Child)ren and deadlines below that token work as anywhere.
    /// The work is called at the first poll.
    ///
    /// When it is over, and no other shield is open, the body is dropped at its next suspension: several
    /// shields in a row all run. Shields may be nested. See [`Shields`] for what holds the body.
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the work.
    ///
    /// # Examples
    ///
    /// "Close, and take five seconds at most":
    ///
    /// ```
    /// # use cancel_core::{Instant, Timer, TimerError};
    /// # #[derive(Clone)]
    /// # struct Clock;
    /// # impl Timer for Clock {
    /// #     type Sleep = std::future::Pending<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::pending() }
    /// # }
    /// use cancel_core::{Deadline, Scope, Shields, Token};
    /// use std::time::Duration;
    ///
    /// let (token, shields) = (Token::new(), Shields::new());
    /// let body = async {
    ///     token.cancel();
    ///     let close = async |token: &Token| {
    ///         let limit = Deadline::new(Clock).timeout(Duration::from_secs(5));
    ///         Scope::new(token, async { "closed" }).source(limit.source()).await
    ///     };
    ///     shields.shield(close).await
    /// };
    /// let run = Scope::new(&token, body).shields(&shields);
    /// assert_eq!(smol::block_on(run), Ok(Ok("closed")));
    /// ```
    pub async fn shield<T, F: AsyncFnOnce(&Token) -> T>(&self, work: F) -> T {
        let token = Token::new();
        self.shield_future(work(&token)).await
    }

    /// Runs a future to its end although the scope is cancelled: as [`shield`](Shields::shield), for a
    /// future that exists already and needs no token.
    ///
    /// # Panics
    ///
    /// The shield panics if it is polled again after it was ready.
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Shields;
    ///
    /// let shields = Shields::new();
    /// assert_eq!(smol::block_on(shields.shield_future(async { 5 })), 5);
    /// ```
    pub fn shield_future<F: Future>(&self, future: F) -> Shield<'_, F> {
        Shield::new(&self.holds, future)
    }

    /// Returns whether a shield is open, or a nested scope that has something to do at its end.
    ///
    /// Shields that nobody polls any more count until the scope has found that out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Shields;
    ///
    /// let shields = Shields::new();
    /// smol::block_on(shields.shield(async |_| assert!(shields.is_open())));
    /// assert!(!shields.is_open());
    /// ```
    pub fn is_open(&self) -> bool {
        self.holds.is_open()
    }
}

impl Default for Shields<'_> {
    fn default() -> Self {
        Shields::new()
    }
}

impl fmt::Debug for Shields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shields")
            .field("open", &self.is_open())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that runs to its end although the scope around it is cancelled.
    ///
    /// Made by [`Shields::shield_future`]. It is open from its first poll until it is ready or dropped.
    ///
    /// # Panics
    ///
    /// If it is polled again after it was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// let shields = cancel_core::Shields::new();
    /// let save = shields.shield_future(async { "saved" });
    /// assert_eq!(smol::block_on(save), "saved");
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Shield<'s, F> {
        #[pin]
        future: Option<F>,
        #[pin]
        hold: Hold<'s>,
    }
}

impl<'s, F: Future> Shield<'s, F> {
    #[doc(hidden)]
    pub fn new(holds: &'s Holds, future: F) -> Self {
        Shield {
            future: Some(future),
            hold: Hold::new(holds),
        }
    }
}

impl<F: Future> Future for Shield<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("`Shield` polled after its end");
        this.hold.as_mut().keep(cx.waker());
        let Poll::Ready(output) = future.poll(cx) else {
            return Poll::Pending;
        };
        this.future.set(None);
        this.hold.release();
        Poll::Ready(output)
    }
}
