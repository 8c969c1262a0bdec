//! `CancelToken`: a handle of a shared token on the heap.

use crate::cause::Cancelled;
use crate::cause::{HasId, TokenId};
use crate::sync::unless_loom;
use crate::token::accept::{AsToken, Follow, Followed, Lent};
use crate::token::base::{Stable, Token, TokenRef};
use crate::token::check::{Check, check_by_deref};
use crate::tree::Hub;
use crate::tree::INHERITED;
use crate::tree::Node;
use crate::tree::{Multi, new_node, release, retain};
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use core::ptr::{NonNull, addr_of, null};

/// A cancelation token that can be cloned and handed around. All clones are one token.
///
/// It derefs to [`Token`], which has what one does with a token: [`cancel`](Token::cancel),
/// [`is_cancelled`](Token::is_cancelled), [`check`](Token::check), [`cancelled`](Token::cancelled).
///
/// ```
/// use cancel_core::{CancelToken, Reason};
///
/// let request = CancelToken::new();
/// let query = request.child(); // cancelled with the request, or alone
///
/// let worker = std::thread::spawn({
///     let query = query.clone();
///     move || smol::block_on(query.cancelled())
/// });
/// request.cancel_with("client went away");
///
/// let cancelled = worker.join().unwrap();
/// assert_eq!(cancelled.reason(), Reason::Parent);
/// assert_eq!(cancelled.message(), Some("client went away"));
/// ```
///
/// A time limit can be given to it at any time: [`cancel_after`](CancelToken::cancel_after).
///
/// # Memory
///
/// One allocation of 56 bytes (on 64-bit targets) per token. Only handles keep a token: neither
/// does a parent keep its children, nor a child its parent. When the last handle of a token with
/// children goes, its own parent adopts the children. So `t = t.child()` in a loop keeps one token
/// alive, and a child that is dropped leaves nothing behind.
///
/// Tokens with sources of their own choice ([`any`](CancelToken::any), [`all`](CancelToken::all),
/// [`child_following`](CancelToken::child_following)) are the exception. No single parent could adopt
/// what stands below them, so their children and followers keep them, too. Therefore
/// `t = t.child_following([&stop])` or `t = CancelToken::any([&t])` in a loop keeps one token per step,
/// until the last one is dropped, which frees them all. Make each one from the first token instead:
/// `t = root.child_following([&stop])`.
#[doc(alias = "CancellationToken")]
#[doc(alias = "CancellationTokenSource")]
#[doc(alias = "AbortHandle")]
#[doc(alias = "AbortController")]
#[doc(alias = "AbortSignal")]
#[doc(alias = "StopSource")]
#[doc(alias = "StopToken")]
pub struct CancelToken {
    node: NonNull<Node>,
}

// SAFETY: a handle of a node that is used through its lock and atomics; see `Token`.
unsafe impl Send for CancelToken {}
// SAFETY: as above.
unsafe impl Sync for CancelToken {}
impl core::panic::UnwindSafe for CancelToken {}
impl core::panic::RefUnwindSafe for CancelToken {}

impl CancelToken {
    /// Creates a live token without a parent.
    ///
    /// # Examples
    ///
    /// ```
    /// let token = cancel_core::CancelToken::new();
    /// assert!(!token.is_cancelled());
    /// ```
    #[inline]
    pub fn new() -> Self {
        // SAFETY: no parent.
        unsafe { Self::from_raw(new_node(null())) }
    }

    /// # Safety
    ///
    /// `node` is alive and on the heap, and the caller gives one handle of it away.
    #[inline]
    pub(crate) unsafe fn from_raw(node: *const Node) -> Self {
        CancelToken {
            // SAFETY: from a `Box`.
            node: unsafe { NonNull::new_unchecked(node.cast_mut()) },
        }
    }

    pub(crate) fn node(&self) -> *const Node {
        self.node.as_ptr()
    }

    #[inline(always)]
    fn hub(&self) -> *const Hub {
        // SAFETY: alive by this handle. The pointer keeps the provenance of the allocation (N7).
        unsafe { addr_of!((*self.node.as_ptr()).hub) }
    }

    /// Creates a token that is cancelled whenever this one is, and can be cancelled alone.
    ///
    /// A child of a cancelled token is cancelled from the start. Its reason is
    /// [`Reason::Parent`](crate::Reason::Parent), and the original one stays readable.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let parent = CancelToken::new();
    /// let (one, two) = (parent.child(), parent.child());
    /// one.cancel();
    /// assert!(!parent.is_cancelled() && !two.is_cancelled());
    /// parent.cancel_with(Reason::Shutdown);
    /// assert_eq!(two.cause().unwrap().root_reason(), Reason::Shutdown);
    /// ```
    #[doc(alias = "child_token")]
    #[inline]
    pub fn child(&self) -> CancelToken {
        // SAFETY: our handle keeps the parent.
        unsafe { Self::from_raw(new_node(self.hub())) }
    }

    /// Creates a token that follows several others: it is cancelled as soon as the first of them is, with
    /// the same cause.
    ///
    /// Following is one-way: cancelling the new token does nothing to its sources. Dropping it
    /// takes it out of all of them. Of no tokens at all it is a token of its own. A source whose
    /// last handle is dropped hands its followers on to its parent; without one, it can never be
    /// cancelled any more and is followed no longer.
    ///
    /// All sources in one array have one type. Mixing kinds (a `&CancelToken` and a `static`), or a
    /// [`view`](Token::view) of a `CancelToken`, fails with a lifetime error: use
    /// [`Followed::new`](crate::Followed::new) for each, and [`view_owned`](CancelToken::view_owned).
    ///
    /// # Memory
    ///
    /// Two allocations. The new token is kept in memory by its handles, and by its children and followers as
    /// well: see [*Memory*](CancelToken#memory) of `CancelToken` before you make them of each other in a
    /// loop.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let (user, shutdown) = (CancelToken::new(), CancelToken::new());
    /// let either = CancelToken::any([&user, &shutdown]);
    ///
    /// shutdown.cancel_with((Reason::Shutdown, "SIGTERM"));
    /// assert_eq!(either.cause().unwrap().reason(), Reason::Shutdown);
    /// assert_eq!(either.cause().unwrap().message(), Some("SIGTERM"));
    /// assert!(!user.is_cancelled());
    /// ```
    #[doc(alias = "CreateLinkedTokenSource")]
    #[doc(alias = "race")]
    pub fn any<'t, S: Follow<'t>>(sources: impl IntoIterator<Item = S>) -> CancelToken {
        let sources = sources.into_iter().map(|source| (source.follow().hub(), 0));
        // SAFETY: all sources are borrowed for the call.
        unsafe { Self::from_raw(Multi::follow(sources.collect(), false)) }
    }

    /// Creates a token that follows several others: it is cancelled once the last of them is, with the
    /// cause of the last.
    ///
    /// Otherwise as [`any`](CancelToken::any). Of no tokens at all it is a token of its own, and
    /// not a cancelled one. If a source can never be cancelled (any more), neither can this by its
    /// sources.
    ///
    /// # Memory
    ///
    /// As for [`any`](CancelToken::any).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::CancelToken;
    ///
    /// let (tab_1, tab_2) = (CancelToken::new(), CancelToken::new());
    /// let nobody_looks = CancelToken::all([&tab_1, &tab_2]);
    /// tab_1.cancel_with("closed first");
    /// assert!(!nobody_looks.is_cancelled());
    /// tab_2.cancel_with("closed last");
    /// assert_eq!(nobody_looks.cause().unwrap().message(), Some("closed last"));
    /// ```
    pub fn all<'t, S: Follow<'t>>(sources: impl IntoIterator<Item = S>) -> CancelToken {
        let sources = sources.into_iter().map(|source| (source.follow().hub(), 0));
        // SAFETY: all sources are borrowed for the call.
        unsafe { Self::from_raw(Multi::follow(sources.collect(), true)) }
    }

    /// Creates a child of this token that also follows others: it is cancelled as soon as its parent or
    /// the first of them is.
    ///
    /// From the parent it inherits ([`Reason::Parent`](crate::Reason::Parent)); from the others it
    /// takes the cause over as it is, like [`any`](CancelToken::any). Without others it is a plain
    /// [`child`](CancelToken::child).
    ///
    /// # Memory
    ///
    /// As for [`any`](CancelToken::any), unlike a plain child: a child of a child that follows others keeps it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let (request, user) = (CancelToken::new(), CancelToken::new());
    /// let query = request.child_following([&user]);
    /// user.cancel_with("never mind");
    /// assert_eq!(query.cause().unwrap().reason(), Reason::Manual);
    ///
    /// let query = request.child_following([&CancelToken::new()]);
    /// request.cancel();
    /// assert_eq!(query.cause().unwrap().reason(), Reason::Parent);
    /// ```
    pub fn child_following<'t, S: Follow<'t>>(
        &self,
        others: impl IntoIterator<Item = S>,
    ) -> CancelToken {
        // SAFETY: our handle keeps the parent.
        unsafe { Self::child_of(self.hub(), others) }
    }

    /// # Safety
    ///
    /// `parent` is alive during the call; when it goes it hands its dependents on, or it never goes.
    unsafe fn child_of<'t, S: Follow<'t>>(
        parent: *const Hub,
        others: impl IntoIterator<Item = S>,
    ) -> CancelToken {
        let mut others = others.into_iter().peekable();
        if others.peek().is_none() {
            // SAFETY: passed on.
            return unsafe { Self::from_raw(new_node(parent)) };
        }
        let mut sources = Vec::from([(parent, INHERITED)]);
        sources.extend(others.map(|other| (other.follow().hub(), 0)));
        // SAFETY: all sources are borrowed for the call.
        unsafe { Self::from_raw(Multi::follow(sources, false)) }
    }

    unless_loom! {
        /// Returns a handle of a token that is never cancelled, like [`Token::never`]. Allocates nothing.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::CancelToken;
        ///
        /// let never = CancelToken::never();
        /// never.cancel();
        /// assert!(!never.is_cancelled());
        /// ```
        pub fn never() -> CancelToken {
            struct Shared(Node);
            // SAFETY: as for `CancelToken`.
            unsafe impl Sync for Shared {}
            // It has one handle for ever, so its count never reaches 0.
            static NEVER_NODE: Shared = Shared(Node::new(crate::tree::NEVER));
            // SAFETY: `static`, and counted here.
            unsafe {
                retain(addr_of!(NEVER_NODE.0.hub));
                Self::from_raw(addr_of!(NEVER_NODE.0))
            }
        }
    }
}

impl Token {
    /// Creates a child on the heap of a token in a `static`.
    ///
    /// Otherwise as [`CancelToken::child`]. For a token that is not `'static`, see
    /// [`Child`](crate::Child).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Token};
    ///
    /// static SHUTDOWN: Token = Token::new();
    ///
    /// let request: CancelToken = SHUTDOWN.child();
    /// SHUTDOWN.cancel();
    /// assert!(request.is_cancelled());
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
    pub fn child(&'static self) -> CancelToken {
        // SAFETY: the parent is neither moved nor dropped any more.
        unsafe { CancelToken::from_raw(new_node(&self.hub)) }
    }

    /// Creates a child on the heap, of a token in a `static`, that also follows others.
    ///
    /// Otherwise as [`CancelToken::child_following`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Token};
    ///
    /// static SHUTDOWN: Token = Token::new();
    ///
    /// let user = CancelToken::new();
    /// let request = SHUTDOWN.child_following([&user]);
    /// user.cancel_with("never mind");
    /// assert_eq!(request.cause(), user.cause());
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "alloc")))]
    pub fn child_following<'t, S: Follow<'t>>(
        &'static self,
        others: impl IntoIterator<Item = S>,
    ) -> CancelToken {
        // SAFETY: the parent is neither moved nor dropped any more.
        unsafe { CancelToken::child_of(&self.hub, others) }
    }
}

impl Deref for CancelToken {
    type Target = Token;

    #[inline(always)]
    fn deref(&self) -> &Token {
        // SAFETY: alive by this handle; `Token` is a transparent wrapper of `Hub`.
        unsafe { &*self.hub().cast::<Token>() }
    }
}

impl Stable for CancelToken {}
impl TokenRef for CancelToken {}

/// Another handle of the same token: one atomic addition.
impl Clone for CancelToken {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: our handle keeps the node.
        unsafe { retain(self.hub()) };
        CancelToken { node: self.node }
    }
}

impl Drop for CancelToken {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: our handle, used up here.
        unsafe { release(self.node.as_ptr()) }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        CancelToken::new()
    }
}

/// By identity: clones of one token are equal.
impl PartialEq for CancelToken {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl Eq for CancelToken {}

/// By identity.
impl Hash for CancelToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}

impl AsToken for CancelToken {
    #[inline(always)]
    fn as_token(&self) -> Lent<&Token> {
        Lent::new(self)
    }
}

impl<'t> Follow<'t> for &'t CancelToken {
    #[inline(always)]
    fn follow(self) -> Followed<'t> {
        // SAFETY: our handle keeps the node, which hands its dependents on when it goes.
        unsafe { Followed::of(self.hub()) }
    }
}

impl AsRef<Token> for CancelToken {
    fn as_ref(&self) -> &Token {
        self
    }
}

/// Shows state and cause. Takes no lock.
impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("id", &format_args!("{}", self.id()))
            .field("cancelled", &self.cause())
            .finish()
    }
}

impl HasId for CancelToken {
    fn id(&self) -> TokenId {
        Token::id(self)
    }
}

check_by_deref!([] CancelToken);
