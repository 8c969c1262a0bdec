//! A child token pinned where it is: for trees without a heap.

use crate::node::{Node, detach, enter};
use crate::token::Token;
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
/// With a heap, [`CancelToken::child`](crate::CancelToken::child) is the easier way.
pub struct Child<'a> {
    node: Node,
    parent: &'a Token,
    entered: bool,
    /// The parent's list points to `node`.
    _pinned: PhantomPinned,
}

// SAFETY: as for `Token`; the entry is used under the parent's lock.
unsafe impl Send for Child<'_> {}
// SAFETY: as above.
unsafe impl Sync for Child<'_> {}

impl core::panic::UnwindSafe for Child<'_> {}
impl core::panic::RefUnwindSafe for Child<'_> {}

impl<'a> Child<'a> {
    /// A child that is not yet part of its parent's tree.
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
    pub fn new(parent: &'a Token) -> Self {
        Child {
            node: Node::new(0),
            parent,
            entered: false,
            _pinned: PhantomPinned,
        }
    }

    /// Makes it part of the tree and gives its token. A second call only gives the token.
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
        // SAFETY: nothing is moved out.
        let this = unsafe { self.get_unchecked_mut() };
        if !this.entered {
            this.entered = true;
            crate::propagate::need_all();
            // SAFETY: pinned, and known to nobody else. The parent is borrowed for longer than we
            // live, so it is neither moved nor dropped before (N2).
            unsafe { enter(addr_of!(this.node), &this.parent.hub) };
        }
        let hub = &this.node.hub;
        // SAFETY: `Token` is a transparent wrapper of `Hub`.
        unsafe { &*core::ptr::from_ref(hub).cast::<Token>() }
    }
}

impl Drop for Child<'_> {
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: borrows of our token have ended. The parent cannot be a `MULTI` node that we
            // are the last to keep: it is borrowed, so it has another handle.
            unsafe {
                if let Some(source) = detach(addr_of!(self.node)) {
                    crate::multi::release_multi(source);
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
