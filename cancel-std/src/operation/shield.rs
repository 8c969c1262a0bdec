//! Shields, and what holds the operations around.
//!
//! An operation's open shields are in its `holds` (the core's, which say what holds a body, and until
//! when). Each operation that runs inside the body of another one is itself a hold of that one, while it has
//! open shields, or something to do at its end: it enters there whenever its run is polled and waits.

use super::above::{Link, Parent};
use super::{Cx, Inner, Runtime};
use cancel_core::layer::Hold;
use cancel_core::{Cancelled, Shield, TimeoutExt};
use std::future::Future;
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

impl<R> Inner<R> {
    pub(crate) fn is_held(&self) -> bool {
        self.holds.is_open()
    }

    /// The operations in whose bodies this one runs.
    fn hosts(&self) -> impl Iterator<Item = &Inner<R>> {
        let nested = |parent: &&Parent<R>| parent.link == Link::Nested;
        self.parents()
            .filter(nested)
            .map(|parent| &*parent.operation.inner)
    }
}

/// A part of a run that holds what is around, while it waits.
pub(super) struct Held<'a, R, P> {
    inner: &'a Inner<R>,
    part: Pin<P>,
    /// Whether it holds in any case, or only by open shields.
    always: bool,
    /// Most have at most one, and those around which there is nothing, none.
    hold: Option<Pin<Box<Hold<'a>>>>,
    more: Vec<Pin<Box<Hold<'a>>>>,
}

impl<'a, R, P> Held<'a, R, P> {
    pub(super) fn new(inner: &'a Inner<R>, part: Pin<P>, always: bool) -> Self {
        Held {
            inner,
            part,
            always,
            hold: None,
            more: Vec::new(),
        }
    }

    fn hold(&mut self, cx: &Context<'_>) {
        if self.hold.is_none() {
            let new = |host: &'a Inner<R>| Box::pin(Hold::new(&host.holds));
            let mut hosts = self.inner.hosts().map(new);
            self.hold = hosts.next();
            self.more = hosts.collect();
        }
        for hold in self.hold.iter_mut().chain(&mut self.more) {
            hold.as_mut().keep(cx.waker());
        }
    }

    fn release(&mut self) {
        for hold in self.hold.iter_mut().chain(&mut self.more) {
            hold.as_mut().release();
        }
    }
}

impl<R, P: DerefMut<Target: Future> + Unpin> Future for Held<'_, R, P> {
    type Output = <P::Target as Future>::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.part.as_mut().poll(cx);
        if poll.is_pending() {
            match self.always || self.inner.is_held() {
                true => self.hold(cx),
                false => self.release(),
            }
        }
        poll
    }
}

impl<R: Runtime> Cx<R> {
    /// Runs `future` to its end although the operation is cancelled, and gives its output. For the
    /// body, and for what it calls.
    ///
    /// When it is over, and no other shield is open, the body is dropped at its next suspension:
    /// several shields in a row all run. Shields nest, and operations inside this body hold this one
    /// by theirs. Keep them short: nothing ends a shield from outside. See also
    /// [`shield_within`](Cx::shield_within).
    ///
    /// A shield holds while it is polled. One that nobody polls any more (forgotten, or the loser of a
    /// `select` that is kept) holds the cancelled body for a few polls, which the operation asks for to
    /// find that out, and no longer. The same is true of operations inside this body.
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the future. If somebody drops the whole run, it goes with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    /// use std::time::Duration;
    ///
    /// let saved = AtomicBool::new(false);
    /// let op = Cancelable::new();
    /// let run = op.run(async |cx| {
    ///     cx.shield(async {
    ///         cx.cancel_with("while saving");
    ///         cx.sleep(Duration::from_millis(5)).await;
    ///         saved.store(true, Ordering::Relaxed);
    ///     })
    ///     .await;
    ///     cx.sleep(Duration::from_secs(3600)).await; // the end
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// assert!(saved.into_inner());
    /// ```
    pub fn shield<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<'_, R, F> {
        Shield::new(&self.scope.inner.holds, future)
    }

    /// As [`shield`](Cx::shield), for at most `limit`, counted from this call.
    ///
    /// Zero polls the future once; there is no upper bound.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] with reason *timeout* if it took longer. The future has been dropped then.
    ///
    /// # Cancel safety
    ///
    /// As [`shield`](Cx::shield).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let flush = std::future::pending::<()>(); // a server that does not answer any more
    ///     cx.shield_within(Duration::from_millis(5), flush).await.is_err()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(true));
    /// ```
    pub fn shield_within<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Result<F::Output, Cancelled>> + use<'_, R, F> {
        Shield::new(
            &self.scope.inner.holds,
            future.timeout(self.runtime(), limit),
        )
    }
}
