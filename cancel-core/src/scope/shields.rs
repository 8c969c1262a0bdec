//! Shields: what is to run to its end although its scope is cancelled.

use crate::cause::Cancelled;
use crate::sync::{Count, const_fn};
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use pin_project_lite::pin_project;

/// What a [`Scope`](crate::Scope) asks before it drops its body, and whom it tells.
///
/// [`Shields`] is the one to use. Layers that keep more about their work than a count (its ancestors
/// in other tasks, say) implement it themselves.
///
/// # Contract
///
/// * [`hold`](Control::hold) and [`release`](Control::release) come in pairs, and also count for
///   every scope around this one in the same task. So do [`hold_outer`](Control::hold_outer) and
///   [`release_outer`](Control::release_outer), which count for those scopes alone.
/// * A scope is woken if the last hold is released by another task than its own. (In its own task
///   it looks after each poll of the body.)
///
/// # Examples
///
/// ```
/// use cancel_core::{Control, Shields};
///
/// let outer = Shields::new();
/// let inner = Shields::nested(&outer);
/// inner.hold();
/// assert_eq!((inner.held(), outer.held()), (1, 1));
/// inner.release();
/// assert_eq!(outer.held(), 0);
/// ```
pub trait Control {
    /// One reason more to keep the body.
    fn hold(&self);

    /// One reason less.
    fn release(&self);

    /// How many reasons there are.
    fn held(&self) -> u32;

    /// One reason more for the scopes around this one to keep their bodies, but not for this one:
    /// it has begun, and has something to do at its end, which it must live to see.
    fn hold_outer(&self);

    /// One such reason less.
    fn release_outer(&self);

    /// Called once, by the scope, when it sees that it is to end: before its body is dropped, or its
    /// grace period begins. (Not for a body that never began.)
    fn asked(&self, cancelled: &Cancelled) {
        let _ = cancelled;
    }
}

impl<C: Control + ?Sized> Control for &C {
    #[inline]
    fn hold(&self) {
        (**self).hold();
    }
    #[inline]
    fn release(&self) {
        (**self).release();
    }
    #[inline]
    fn held(&self) -> u32 {
        (**self).held()
    }
    #[inline]
    fn hold_outer(&self) {
        (**self).hold_outer();
    }
    #[inline]
    fn release_outer(&self) {
        (**self).release_outer();
    }
    #[inline]
    fn asked(&self, cancelled: &Cancelled) {
        (**self).asked(cancelled);
    }
}

/// The [`Control`] of a scope without shields.
///
/// # Examples
///
/// ```
/// use cancel_core::{Control, NoShields};
///
/// assert_eq!(NoShields.held(), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoShields;

impl Control for NoShields {
    #[inline]
    fn hold(&self) {}
    #[inline]
    fn release(&self) {}
    #[inline]
    fn held(&self) -> u32 {
        0
    }
    #[inline]
    fn hold_outer(&self) {}
    #[inline]
    fn release_outer(&self) {}
}

/// The shields of one [`Scope`](crate::Scope): while one is open, the scope's body is not dropped.
///
/// It needs no heap. The scope and its body both refer to it:
///
/// ```
/// use cancel_core::{Scope, Shields, Token};
///
/// let token = Token::new();
/// let shields = Shields::new();
/// let mut saved = false;
/// let body = async {
///     shields
///         .shield(async {
///             token.cancel();
///             smol::future::yield_now().await; // not dropped here
///             saved = true;
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
/// Meant for the code inside the body. A shield that another task polls does keep the body, but its
/// end does not wake the scope.
pub struct Shields<'o> {
    open: Count,
    outer: Option<&'o Shields<'o>>,
}

impl Shields<'_> {
    const_fn! {
        /// Of a scope on its own, none of them open.
        ///
        /// # Examples
        ///
        /// ```
        /// assert!(!cancel_core::Shields::new().is_open());
        /// ```
        pub const fn new() -> Self {
            Shields {
                open: Count::new(),
                outer: None,
            }
        }
    }
}

impl<'o> Shields<'o> {
    /// Of a scope that runs inside another one's body: what holds this one, holds that one, too. And
    /// so does this scope itself, from its first poll to its end, if it has a grace period or a
    /// cleanup: else these would be lost when the outer scope is cancelled.
    ///
    /// Its token should be one that is cancelled with the outer scope's token (a child of it): the
    /// outer one, once cancelled, waits for this scope to end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Control, Shields};
    ///
    /// let outer = Shields::new();
    /// let inner = Shields::nested(&outer);
    /// inner.hold();
    /// assert!(outer.is_open());
    /// # inner.release();
    /// ```
    pub fn nested(outer: &'o Shields<'o>) -> Self {
        Shields {
            open: Count::new(),
            outer: Some(outer),
        }
    }

    /// Runs `future` to its end although the scope is cancelled, and gives its output.
    ///
    /// Once it is over, and with no other shield open, the scope's body is dropped at its next
    /// suspension; several shields in a row all run. They may be nested.
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the future. One that is leaked (`mem::forget`) while it is open
    /// stays open.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Shields;
    ///
    /// let shields = Shields::new();
    /// assert_eq!(smol::block_on(shields.shield(async { 5 })), 5);
    /// ```
    pub fn shield<F: Future>(&self, future: F) -> Shield<&Self, F> {
        Shield::new(self, future)
    }

    /// Whether a shield is open, in this scope or one inside its body, or a grace period or cleanup
    /// holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::Shields;
    ///
    /// let shields = Shields::new();
    /// smol::block_on(shields.shield(async { assert!(shields.is_open()) }));
    /// assert!(!shields.is_open());
    /// ```
    pub fn is_open(&self) -> bool {
        self.open.get() != 0
    }

    fn chain(&self) -> impl Iterator<Item = &Shields<'o>> {
        core::iter::successors(Some(self), |shields| shields.outer)
    }
}

impl Control for Shields<'_> {
    fn hold(&self) {
        self.chain().for_each(|shields| shields.open.up());
    }
    fn release(&self) {
        self.chain().for_each(|shields| shields.open.down());
    }
    fn held(&self) -> u32 {
        self.open.get()
    }
    fn hold_outer(&self) {
        self.chain().skip(1).for_each(|shields| shields.open.up());
    }
    fn release_outer(&self) {
        self.chain().skip(1).for_each(|shields| shields.open.down());
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
            .field("open", &self.open.get())
            .finish_non_exhaustive()
    }
}

/// A hold that ends with its owner.
#[derive(Debug)]
pub(crate) struct Holding<C: Control> {
    pub(crate) control: C,
    holding: bool,
    holding_outer: bool,
}

impl<C: Control> Holding<C> {
    pub(crate) fn none(control: C) -> Self {
        Holding {
            control,
            holding: false,
            holding_outer: false,
        }
    }

    pub(crate) fn hold(&mut self) {
        if !self.holding {
            self.holding = true;
            self.control.hold();
        }
    }

    pub(crate) fn hold_outer(&mut self) {
        if !self.holding_outer {
            self.holding_outer = true;
            self.control.hold_outer();
        }
    }

    pub(crate) fn release(&mut self) {
        if self.holding {
            self.holding = false;
            self.control.release();
        }
        if self.holding_outer {
            self.holding_outer = false;
            self.control.release_outer();
        }
    }

    /// Whether there are other holds than this one.
    pub(crate) fn by_others(&self) -> bool {
        self.control.held() > u32::from(self.holding)
    }
}

impl<C: Control> Drop for Holding<C> {
    fn drop(&mut self) {
        self.release();
    }
}

pin_project! {
    /// A future that keeps the scope around it from being dropped.
    ///
    /// Made by [`Shields::shield`]. It is open from its first poll until it is ready or dropped.
    ///
    /// # Panics
    ///
    /// If it is polled again after it was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// let shields = cancel_core::Shields::new();
    /// let save = shields.shield(async { "saved" });
    /// assert_eq!(smol::block_on(save), "saved");
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    #[derive(Debug)]
    pub struct Shield<C: Control, F> {
        #[pin]
        future: Option<F>,
        held: Holding<C>,
    }
}

impl<C: Control, F: Future> Shield<C, F> {
    /// A shield of whatever control a layer has.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{NoShields, Shield};
    ///
    /// assert_eq!(smol::block_on(Shield::new(NoShields, async { 5 })), 5);
    /// ```
    pub fn new(control: C, future: F) -> Self {
        Shield {
            future: Some(future),
            held: Holding::none(control),
        }
    }
}

impl<C: Control, F: Future> Future for Shield<C, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let future = future.expect("`Shield` polled after its end");
        this.held.hold();
        let output = ready!(future.poll(cx));
        this.future.set(None);
        this.held.release();
        Poll::Ready(output)
    }
}
