//! A child token pinned where it is: for trees without a heap.

use crate::cause::{Cause, Reason};
use crate::sync::{assert_size, const_fn};
use crate::token::base::Token;
use crate::tree::{Node, Orphans, cancel_children, detach, enter_once, need_all};
use core::fmt;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr::addr_of;

/// A child of a token in place. It lives on the stack, in a future, or in a `static`, and is
/// cancelled with its parent, never the other way round.
///
/// Pin it and [`enter`](Child::enter) it; that gives its [`Token`].
///
/// ```
/// use cancel_core::{Child, Token};
/// use std::pin::pin;
///
/// let parent = Token::new();
/// let child = pin!(Child::new(&parent));
/// let child: &Token = child.enter();
///
/// let grandchild = pin!(Child::new(child));
/// let grandchild = grandchild.enter();
///
/// parent.cancel_with("all of you");
/// assert!(child.is_cancelled());
/// assert_eq!(grandchild.cause().unwrap().message(), Some("all of you"));
/// ```
///
/// As a `static` it is entered by [`enter_static`](Child::enter_static): a token for a part of the
/// program.
///
/// With a heap, [`CancelToken::child`](crate::CancelToken::child) is the easier way.
pub struct Child<'a> {
    node: Node,
    parent: &'a Token,
    /// The parent's list points to `node`.
    _pinned: PhantomPinned,
}

// SAFETY: as for `Token`; the entry is used under the parent's lock.
unsafe impl Send for Child<'_> {}
// SAFETY: as above.
unsafe impl Sync for Child<'_> {}

impl core::panic::UnwindSafe for Child<'_> {}
impl core::panic::RefUnwindSafe for Child<'_> {}

assert_size!(Child<'_>, size_of::<Node>() + size_of::<usize>());

impl<'a> Child<'a> {
    const_fn! {
        /// Creates a child that is not yet part of its parent's tree.
        ///
        /// # Examples
        ///
        /// ```
        /// use cancel_core::{Child, Token};
        ///
        /// let parent = Token::new();
        /// let child = std::pin::pin!(Child::new(&parent));
        /// assert!(!child.enter().is_cancelled());
        /// ```
        pub const fn new(parent: &'a Token) -> Self {
            Child {
                node: Node::new(0),
                parent,
                _pinned: PhantomPinned,
            }
        }
    }

    /// Makes the child part of the tree and returns its token. A second call only gives the token.
    ///
    /// The token is cancelled already if the parent is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Child, Token};
    ///
    /// let parent = Token::new();
    /// parent.cancel();
    /// let child = std::pin::pin!(Child::new(&parent));
    /// assert!(child.enter().cause().unwrap().is_inherited());
    /// ```
    pub fn enter(self: Pin<&mut Self>) -> &Token {
        self.into_ref().get_ref().token()
    }

    /// Makes a child in a `static` part of the tree, at the first call, and returns its token.
    ///
    /// It can be called on any thread and any number of times. Each call takes the parent's lock for a
    /// moment: keep the result where it is needed often.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Child, Token};
    ///
    /// static STOP: Token = Token::new();
    /// static NETWORK: Child<'static> = Child::new(&STOP);
    ///
    /// fn network() -> &'static Token {
    ///     NETWORK.enter_static()
    /// }
    ///
    /// assert!(!network().is_cancelled());
    /// STOP.cancel();
    /// assert!(network().is_cancelled());
    /// ```
    pub fn enter_static(&'static self) -> &'static Token {
        self.token()
    }

    /// `self` is pinned.
    fn token(&self) -> &Token {
        need_all();
        // SAFETY: pinned, and always with this parent, which is borrowed for longer than we live, so
        // it is neither moved nor dropped before (N2).
        unsafe { enter_once(addr_of!(self.node), &self.parent.hub) };
        let hub = &self.node.hub;
        // SAFETY: `Token` is a transparent wrapper of `Hub`.
        unsafe { &*core::ptr::from_ref(hub).cast::<Token>() }
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        // SAFETY: nobody else has it any more: borrows of our token have ended. The parent cannot be
        // a `MULTI` node that we are the last to keep: it is borrowed, so it has another handle.
        unsafe {
            if self.node.dependent.entry.spent.get() {
                let source = detach(addr_of!(self.node));
                let _orphans = Orphans::of(addr_of!(self.node.hub));
                if let Some(source) = source {
                    crate::tree::release_multi(source);
                }
            }
        }
    }
}

impl fmt::Debug for Child<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("cancelled", &self.node.hub.cause())
            .finish_non_exhaustive()
    }
}

impl Token {
    /// Cancels everything below the token, and leaves the token itself live.
    ///
    /// Below it are its children by `child` ([`CancelToken::child`](crate::CancelToken::child),
    /// [`child_following`](crate::CancelToken::child_following), [`Child`]), their children, and so on, as
    /// far as they exist when the call begins. What waits for the token itself is not woken, its
    /// callbacks are not called, and tokens that only follow it (`any`, `all`) are not touched. New
    /// children can be made at any time, also while the call is at work; they are live.
    ///
    /// So one token serves to start, stop, and start again. From any thread, from an interrupt, and without
    /// a heap (see [*Interrupts and signal handlers*](Token#interrupts-and-signal-handlers)).
    ///
    /// When the call returns, all that was below the token when it began is cancelled, with the
    /// same edges as for [`cancel`](Token::cancel) (see [*Guarantees about a tree*](Token)), and one more: if
    /// two calls of `cancel_children` of one token meet, the first of the two may leave the rest
    /// to the second, and return earlier.
    ///
    /// # Returns
    ///
    /// `true` if something below was live. `false` if there was nothing to cancel, or the token itself is
    /// cancelled already.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Token};
    ///
    /// static MOTORS: Token = Token::new();
    ///
    /// let left = MOTORS.child();
    /// assert!(MOTORS.cancel_children()); // stop
    /// assert!(left.is_cancelled() && !MOTORS.is_cancelled());
    ///
    /// let left = MOTORS.child(); // start again
    /// assert!(!left.is_cancelled());
    /// assert!(MOTORS.cancel_children());
    /// assert!(!MOTORS.cancel_children()); // nothing is running
    /// ```
    pub fn cancel_children(&self) -> bool {
        self.cancel_children_with(Reason::Manual)
    }

    /// Cancels everything below the token, and says why.
    ///
    /// What is cancelled answers [`Reason::Parent`], like all that is cancelled through a parent; the reason
    /// given is its [`root_reason`](crate::Cancelled::root_reason). Otherwise as
    /// [`cancel_children`](Token::cancel_children).
    ///
    /// # Returns
    ///
    /// As [`cancel_children`](Token::cancel_children). If it is `false`, the cause is dropped.
    ///
    /// # Panics
    ///
    /// As [`cancel`](Token::cancel).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason};
    ///
    /// let server = CancelToken::new();
    /// let connection = server.child();
    /// server.cancel_children_with((Reason::Shutdown, "configuration has changed"));
    ///
    /// let cancelled = connection.cause().unwrap();
    /// assert_eq!(cancelled.reason(), Reason::Parent);
    /// assert_eq!(cancelled.root_reason(), Reason::Shutdown);
    /// assert_eq!(cancelled.message(), Some("configuration has changed"));
    /// assert!(!server.is_cancelled());
    /// ```
    pub fn cancel_children_with(&self, cause: impl Into<Cause>) -> bool {
        // SAFETY: borrowed for the call, so the owner of the handle keeps it.
        unsafe { cancel_children(&self.hub, cause.into()) }
    }
}
