//! The runner: a body beside the sources that may ask for its cancelation.
//!
//! ```text
//!              ┌── BODY ─────────────────────────────┐                ┌ CLEANUP ┐
//!   new ──────▶│ running ──asked──▶ shields, grace   │──▶ body gone ─▶│ held    │──▶ OVER
//!              └──────────────────────────────────────┘               └─────────┘
//!   asked:     the token is cancelled, or a source fires (and cancels it)
//!   body gone: ready; or asked, and neither a shield open nor grace left; or asked before the start
//! ```

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::rt::Timer;
use crate::scope::grace::{Cleanup, Grace, GracePeriod, NoCleanup, NoGrace};
use crate::scope::shields::{Control, Holding, NoShields};
use crate::scope::source::{NoSource, WithSource};
use crate::token::TokenRef;
use crate::token::WaitForCancel;
use core::fmt;
use core::future::Future;
use core::mem::take;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use futures_core::Stream;
use pin_project_lite::pin_project;

pin_project! {
    /// Runs a body until it is ready, its token is cancelled, or a source asks for the token's
    /// cancelation.
    ///
    /// A *source* is a future that resolves to a [`Cause`] (or what can be made one): a
    /// [deadline](crate::DeadlineSource), another token's
    /// [`cancelled`](crate::Token::cancelled), anything. One future polls all of them in turn, so no
    /// helper task is needed, and whichever way it ends, everything is gone with it. It needs no
    /// heap.
    ///
    /// Each poll goes on like this:
    ///
    /// 1. If the token is cancelled, the body is dropped and not polled again; unless a
    ///    [shield](crate::Shields) is open or a [grace period](Scope::grace) runs.
    /// 2. The body is polled. If it is ready, that is the result.
    /// 3. The sources are polled. One that is ready cancels the token with its cause (children and
    ///    callbacks included). One that is ready later, in the grace period, ends that.
    /// 4. As 1.
    ///
    /// So a token that was cancelled beforehand means that the body is never polled. With
    /// [`Token::never`](crate::Token::never) the sources alone end the run.
    ///
    /// When the body is over, [`finally`](Scope::finally) runs, whatever the outcome. The sources
    /// stay where they are until then, but are not polled any more.
    ///
    /// A scope in the body of another one, with [nested shields](crate::Shields::nested), holds that
    /// one until its own shields, grace period and cleanup are over.
    ///
    /// # Returns
    ///
    /// The body's output whenever there is one, also after a cancelation was asked for.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the token's cause, if the body was dropped.
    ///
    /// # Panics
    ///
    /// Polling again after the end panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body, the sources, a cleanup at work, and the registration with the
    /// token, which is not cancelled by that. A cleanup that has not begun does not run.
    ///
    /// # Fairness
    ///
    /// In a tie the body wins. A body that is always ready keeps the sources from being polled only
    /// in polls in which it is ready, so never for long.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelToken, Reason, Scope};
    /// use std::future::{pending, ready};
    ///
    /// let token = CancelToken::new();
    /// let child = token.child();
    /// let run = Scope::new(&*token, pending::<()>()).source(ready((Reason::Condition, "disk full")));
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("disk full"));
    /// assert!(child.is_cancelled());
    /// ```
    #[must_use = "futures do nothing unless awaited"]
    pub struct Scope<T, B, S = NoSource, C = NoShields, G = NoGrace, F = NoCleanup>
    where
        T: TokenRef,
        B: Future,
        C: Control,
        G: Grace,
        F: Cleanup,
    {
        #[pin]
        work: Work<B, F::Work, Result<B::Output, Cancelled>>,
        cleanup: Option<F>,
        #[pin]
        sources: Option<S>,
        #[pin]
        token: WaitForCancel<T>,
        held: Holding<C>,
        grace: G,
        #[pin]
        grace_left: Option<G::Sleep>,
        state: State,
    }
}

pin_project! {
    #[project = WorkNow]
    enum Work<B, W, O> {
        Body { #[pin] body: B },
        Cleanup { #[pin] cleanup: W, output: Option<O> },
        Over,
    }
}

#[derive(Debug)]
struct State {
    /// The body has been polled.
    started: bool,
    /// That was elsewhere, just now: see [`Scope::begun`].
    begun: bool,
    /// Cancelation has been asked for, and seen.
    asked: bool,
    /// A source has fired although the token is one that is never cancelled.
    fired: Option<Cancelled>,
}

impl<T: TokenRef, B: Future> Scope<T, B> {
    /// A run of `body` under `token`. Nothing happens before the first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Token};
    ///
    /// let token = Token::new();
    /// assert_eq!(smol::block_on(Scope::new(&token, async { 5 })), Ok(5));
    /// ```
    pub fn new(token: T, body: B) -> Self {
        Scope {
            work: Work::Body { body },
            cleanup: None,
            sources: None,
            token: WaitForCancel::new(token),
            held: Holding::none(NoShields),
            grace: NoGrace,
            grace_left: None,
            state: State {
                started: false,
                begun: false,
                asked: false,
                fired: None,
            },
        }
    }
}

// (Moving the parts into a scope of another type is fine before the first poll, and only then can
// these be called: pinned values cannot be moved.)
impl<T, B, S, C, G, F> Scope<T, B, S, C, G, F>
where
    T: TokenRef,
    B: Future,
    C: Control,
    G: Grace,
    F: Cleanup,
{
    /// Says that the body has been polled before, by this task, and is pending: the first poll goes on
    /// after that, with the sources. So a layer can make the scope only once there is something to
    /// wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Token};
    /// use std::future::{Future, pending, ready};
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    ///
    /// let (token, mut body) = (Token::new(), pin!(pending::<()>()));
    /// assert!(body.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    /// let run = Scope::new(&token, body).begun().source(ready("enough"));
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("enough"));
    /// ```
    pub fn begun(mut self) -> Self {
        self.state.started = true;
        self.state.begun = true;
        self
    }

    /// Adds a source: a future that resolves to a cause, or to what can be made one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Token};
    /// use std::future::pending;
    ///
    /// let (token, other) = (Token::new(), Token::new());
    /// other.cancel_with("the other one");
    /// let run = Scope::new(&token, pending::<()>()).source(other.cancelled());
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("the other one"));
    /// ```
    pub fn source<N>(self, source: N) -> Scope<T, B, WithSource<S, N>, C, G, F>
    where
        N: Future<Output: Into<Cause>>,
    {
        let others = self.sources;
        Scope {
            work: self.work,
            cleanup: self.cleanup,
            sources: Some(WithSource::new(others, source)),
            token: self.token,
            held: self.held,
            grace: self.grace,
            grace_left: self.grace_left,
            state: self.state,
        }
    }

    /// Sets the sources as a stream, instead of those set before. Its first item cancels the token;
    /// the next one is a second request, which ends the grace period.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cause, Reason, Scope, Token};
    /// use futures_util::stream;
    /// use std::future::pending;
    ///
    /// let token = Token::new();
    /// let clicks = stream::iter([Cause::new(Reason::Shutdown)]);
    /// let run = Scope::new(&token, pending::<()>()).sources(clicks);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Shutdown);
    /// ```
    pub fn sources<N: Stream<Item = Cause>>(self, sources: N) -> Scope<T, B, N, C, G, F> {
        Scope {
            work: self.work,
            cleanup: self.cleanup,
            sources: Some(sources),
            token: self.token,
            held: self.held,
            grace: self.grace,
            grace_left: self.grace_left,
            state: self.state,
        }
    }

    /// Sets the shields that the body uses, usually [`&Shields`](crate::Shields).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Shields, Token};
    ///
    /// let (token, shields) = (Token::new(), Shields::new());
    /// let run = Scope::new(&token, shields.shield(async { 5 })).shields(&shields);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn shields<N: Control>(self, shields: N) -> Scope<T, B, S, N, G, F> {
        Scope {
            work: self.work,
            cleanup: self.cleanup,
            sources: self.sources,
            token: self.token,
            held: Holding::none(shields),
            grace: self.grace,
            grace_left: self.grace_left,
            state: self.state,
        }
    }

    /// Lets a body that has begun go on for `period` after the cancelation, to come to a good end:
    /// it sees its token cancelled. A second source that fires ends the period. Zero is no period.
    ///
    /// # Examples
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
    /// use cancel_core::{Reason, Scope, Token};
    /// use std::future::ready;
    /// use std::time::Duration;
    ///
    /// let token = Token::new();
    /// let body = async { token.cancelled().await.reason() };
    /// let run = Scope::new(&token, body)
    ///     .source(ready(Reason::Shutdown))
    ///     .grace(Clock, Duration::from_secs(5));
    /// assert_eq!(smol::block_on(run), Ok(Reason::Shutdown)); // the body ended by itself
    /// ```
    pub fn grace<R: Timer>(
        self,
        timer: R,
        period: Duration,
    ) -> Scope<T, B, S, C, GracePeriod<R>, F> {
        self.grace_with(GracePeriod::new(timer, period))
    }

    /// Sets a grace period of one's own making.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{NoGrace, Scope, Token};
    ///
    /// let token = Token::new();
    /// let run = Scope::new(&token, async { 5 }).grace_with(NoGrace);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn grace_with<N: Grace>(self, grace: N) -> Scope<T, B, S, C, N, F> {
        Scope {
            work: self.work,
            cleanup: self.cleanup,
            sources: self.sources,
            token: self.token,
            held: self.held,
            grace,
            grace_left: None,
            state: self.state,
        }
    }

    /// Sets what runs after the body, however that ended: it is awaited, it is not cancelled, and it
    /// holds the scopes around this one, as these are named by [`Shields::nested`](crate::Shields::nested).
    /// Instead of a cleanup set before.
    ///
    /// It runs although the body never began, because the token was cancelled beforehand; it does
    /// not if the run is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Token};
    /// use std::cell::Cell;
    /// use std::future::pending;
    ///
    /// let (token, closed) = (Token::new(), Cell::new(false));
    /// let run = Scope::new(&token, pending::<()>())
    ///     .source(std::future::ready("enough"))
    ///     .finally(async || closed.set(true));
    /// assert!(smol::block_on(run).is_err());
    /// assert!(closed.get());
    /// ```
    pub fn finally<N: Cleanup>(self, cleanup: N) -> Scope<T, B, S, C, G, N> {
        Scope {
            work: match self.work {
                Work::Body { body } => Work::Body { body },
                _ => Work::Over,
            },
            cleanup: Some(cleanup),
            sources: self.sources,
            token: self.token,
            held: self.held,
            grace: self.grace,
            grace_left: self.grace_left,
            state: self.state,
        }
    }
}

impl<T, B, S, C, G, F> Scope<T, B, S, C, G, F>
where
    T: TokenRef,
    B: Future,
    S: Stream<Item = Cause>,
    C: Control,
    G: Grace,
    F: Cleanup,
{
    /// One round with the body. Ready: it is over, and is still where it was.
    fn poll_body(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<B::Output, Cancelled>> {
        let mut this = self.project();
        let WorkNow::Body { mut body } = this.work.project() else {
            unreachable!("asked for by `poll` only if there is a body")
        };
        let mut second = false;
        let mut fresh = true;
        loop {
            let begun = take(&mut this.state.begun);
            // (May have been cancelled by the body, by a source, or by others meanwhile.)
            let cause = match &this.state.fired {
                _ if begun => None,
                Some(fired) => Some(fired.clone()),
                None => this.token.token().cause(),
            };
            if let Some(cause) = cause {
                if !this.state.started {
                    return Poll::Ready(Err(cause));
                }
                if !this.state.asked {
                    this.state.asked = true;
                    this.held.control.asked(&cause);
                    let grace = this.grace.begin();
                    if grace.is_some() {
                        this.held.hold();
                    }
                    this.grace_left.set(grace);
                }
                let grace_over = match this.grace_left.as_mut().as_pin_mut() {
                    Some(sleep) => second || sleep.poll(cx).is_ready(),
                    None => false,
                };
                if grace_over {
                    this.grace_left.set(None);
                }
                if this.grace_left.is_none() && !this.held.by_others() {
                    return Poll::Ready(Err(cause));
                }
                if !fresh {
                    return Poll::Pending;
                }
            } else if !fresh {
                // Registers the waker, so that a cancel from elsewhere gets through.
                match this.token.as_mut().poll(cx) {
                    Poll::Ready(_) => continue,
                    Poll::Pending => return Poll::Pending,
                }
            }
            fresh = false;
            if begun || !this.state.started {
                this.state.started = true;
                // A scope around this one that is cancelled would drop this one with its body. So it
                // is held from here on if there is something to do at the end.
                let cleanup = this.cleanup.as_ref().is_some_and(F::is_possible);
                if cleanup || this.grace.is_possible() {
                    this.held.hold_outer();
                }
            }
            if !begun {
                if let Poll::Ready(output) = body.as_mut().poll(cx) {
                    return Poll::Ready(Ok(output));
                }
            }
            let mut asked = this.state.asked;
            while let Some(sources) = this.sources.as_mut().as_pin_mut() {
                let cause = match ready_or_break(sources.poll_next(cx)) {
                    Some(Some(cause)) => cause,
                    Some(None) => {
                        this.sources.set(None);
                        break;
                    }
                    None => break,
                };
                if asked {
                    second = true;
                    break;
                }
                asked = true;
                match this.token.token().may_be_cancelled() {
                    // One that comes after a cancel that this scope has not seen yet is the second.
                    true => second = !this.token.token().cancel_with(cause),
                    // A token that is never cancelled does not keep the body from ending.
                    false => this.state.fired = Some(Cancelled::from(cause)),
                }
            }
        }
    }
}

fn ready_or_break<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

impl<T, B, S, C, G, F> Future for Scope<T, B, S, C, G, F>
where
    T: TokenRef,
    B: Future,
    S: Stream<Item = Cause>,
    C: Control,
    G: Grace,
    F: Cleanup,
{
    type Output = Result<B::Output, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Work::Body { .. } = self.work {
            let result = ready!(self.as_mut().poll_body(cx));
            let mut this = self.as_mut().project();
            // The body is dropped here, and while something waits for this scope, it still does.
            this.work.set(Work::Over);
            let Some(work) = this.cleanup.take().and_then(F::start) else {
                this.held.release();
                this.sources.set(None);
                return Poll::Ready(result);
            };
            this.held.hold();
            this.work.set(Work::Cleanup {
                cleanup: work,
                output: Some(result),
            });
        }
        let mut this = self.project();
        let WorkNow::Cleanup { cleanup, output } = this.work.as_mut().project() else {
            panic!("`Scope` polled after its end");
        };
        ready!(cleanup.poll(cx));
        let output = output.take().expect("stored with the cleanup");
        this.work.set(Work::Over);
        this.held.release();
        this.sources.set(None);
        Poll::Ready(output)
    }
}

impl<T, B, S, C, G, F> fmt::Debug for Scope<T, B, S, C, G, F>
where
    T: TokenRef,
    B: Future,
    C: Control,
    G: Grace,
    F: Cleanup,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("token", self.token.token())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
