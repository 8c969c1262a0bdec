//! Shields, and what holds the operations around.
//!
//! An operation's open shields are in its `holds` (the core's, which say what holds a body, and until
//! when). Each operation that runs inside the body of another one is itself a hold of that one, while it has
//! open shields, or something to do at its end: it enters there whenever its run is polled and waits.

use super::Runtime;
use super::base::{Cx, Inner, Link, Parent};
use super::body::Body;
use super::hidden::run_hidden;
use cancel_core::layer::Hold;
use cancel_core::{Cancelled, Cause, Shield};
use std::future::{Future, pending};
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
            // A poll that the runner has asked for is no event for those around.
            if self.inner.holds.asks() {
                let hosts = self.inner.hosts();
                hosts.for_each(|host| host.holds.asked_inside());
            }
        }
        poll
    }
}

impl<R: Runtime> Cx<R> {
    /// Runs `work` to its end although the operation is cancelled, and returns its output. For the body,
    /// and for what it calls.
    ///
    /// The work gets a `Cx` of its own, and is ordinary work: it is not cancelled by what is outside, and not
    /// limited by its deadline. Its token is live; sleeps, checks, children with timeouts, threads, groups
    /// and streams of its `Cx` work as anywhere. [`current_token`](crate::current_token) is that token.
    /// [`operation`](Cx::operation), id, name, progress, partial results and [`cancel`](Cx::cancel) are
    /// still those of the operation: why it was cancelled is in its [context](crate::generic::Operation::context).
    ///
    /// When the work is over, and no other shield is open, the body is dropped at its next suspension:
    /// several shields in a row all run. Shields nest, and operations inside this body hold this one
    /// by theirs. Keep them short: nothing ends a shield from outside. See also
    /// [`shield_within`](Cx::shield_within).
    ///
    /// A shield holds while it is polled. One that nobody polls any more (forgotten, or the loser of a
    /// `select` that is kept) holds the cancelled body for a few polls, which the operation asks for to
    /// find that out, and no longer. The same is true of operations inside this body.
    ///
    /// The work can give up itself: if its own token is cancelled (`cx.token().cancel()` inside, or the timer
    /// of a sleep that fails), it is dropped, and what is around it is cancelled for the same cause: the
    /// operation, or the shield around this one. The shield stays pending then, and holds nothing, so the
    /// body is dropped there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the shield drops the work. If somebody drops the whole run, it goes with it.
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
    ///     cx.shield(async |cx| {
    ///         cx.cancel_with("while saving"); // the operation
    ///         assert!(cx.check().is_ok()); // the work here is not cancelled
    ///         let connect = cx.child().timeout(Duration::from_secs(5));
    ///         connect.run(async |cx| cx.sleep(Duration::from_millis(5)).await).await.unwrap();
    ///         saved.store(true, Ordering::Relaxed);
    ///     })
    ///     .await;
    ///     cx.sleep(Duration::from_secs(3600)).await; // the end
    /// });
    /// assert!(smol::block_on(run).is_err());
    /// assert!(saved.into_inner());
    /// ```
    pub fn shield<T, F>(&self, work: F) -> impl Future<Output = T> + use<'_, T, F, R>
    where
        F: Body<Cx<R>, T>,
    {
        let scope = &self.scope;
        async move {
            match self.hold(run_hidden(scope, Duration::MAX, work)).await {
                Ok(output) => output,
                Err(cancelled) => {
                    scope.cancel_with(Cause::from(cancelled));
                    pending().await
                }
            }
        }
    }

    /// Runs a future that exists already to its end although the operation is cancelled: as
    /// [`shield`](Cx::shield), for what needs no `Cx`.
    ///
    /// Inside, [`current_token`](crate::current_token) and [`Cx::current`] are those of the shielded work. A
    /// `Cx` from outside, which the future has captured, stays what it is: its sleeps and
    /// [streams](Cx::stream) work, its checks and children are cancelled.
    ///
    /// # Cancel safety
    ///
    /// As [`shield`](Cx::shield).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let save = async {
    ///         cx.cancel();
    ///         smol::future::yield_now().await;
    ///         "saved"
    ///     };
    ///     cx.shield_future(save).await
    /// });
    /// assert_eq!(smol::block_on(run), Ok("saved"));
    /// ```
    pub fn shield_future<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = F::Output> + use<'_, R, F> {
        self.shield(async move |_: &Cx<R>| future.await)
    }

    /// As [`shield`](Cx::shield), for at most `limit`, counted from the first poll.
    ///
    /// The limit is the deadline of the work: its `Cx` knows how much time [remains](Cx::remaining), and its
    /// children are limited by it. When it has passed, the work is dropped; children in it run their cleanups
    /// first. Zero polls the work once; [`Duration::MAX`] is no limit.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] with reason *timeout* if it took longer. Another cause, if the token of the work was
    /// cancelled. The operation is not cancelled by either.
    ///
    /// # Cancel safety
    ///
    /// As [`shield`](Cx::shield).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use std::future::pending;
    /// use std::time::Duration;
    ///
    /// let run = Cancelable::new().run(async |cx| {
    ///     let flush = async |_: &_| pending::<()>().await; // a server that does not answer any more
    ///     cx.shield_within(Duration::from_millis(5), flush).await.is_err()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(true));
    /// ```
    pub fn shield_within<T, F>(
        &self,
        limit: Duration,
        work: F,
    ) -> impl Future<Output = Result<T, Cancelled>> + use<'_, T, F, R>
    where
        F: Body<Cx<R>, T>,
    {
        self.hold(run_hidden(&self.scope, limit, work))
    }

    /// Holds what is here while `future` is polled, and no more.
    pub(super) fn hold<F: Future>(&self, future: F) -> Shield<'_, F> {
        Shield::new(&self.scope.inner.holds, future)
    }
}
