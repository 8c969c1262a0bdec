//! The runner: a body beside the sources that may ask for its cancelation.
//!
//! ```text
//!              ┌── BODY ─────────────────────────────┐                ┌ CLEANUP ┐
//!   new ──────▶│ running ──asked──▶ grace, holds     │──▶ body gone ─▶│         │──▶ OVER
//!              └──────────────────────────────────────┘               └─────────┘
//!   asked:     the token is cancelled, or a source fires (and cancels it)
//!   body gone: ready, or panicked; or asked, and neither grace left nor a hold (`holds.rs`); or asked
//!              before the start
//! ```
//!
//! This is the one such machine: operations of higher layers are scopes with a set-up of their own
//! (`setup.rs`). Foreign code is called through `Panics::guard`, so that with `std` no panic goes past a
//! hold or a cleanup; the first one goes on at the end.

use crate::cause::Cancelled;
use crate::scope::holds::Pass;
use crate::scope::setup::{Bare, Setup};
use crate::sync::Panics;
use crate::token::TokenRef;
use crate::token::WaitForCancel;
use core::fmt;
use core::future::Future;
use core::mem::take;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use pin_project_lite::pin_project;

pin_project! {
    /// Runs a body until it is ready, its token is cancelled, or a source asks for the token's
    /// cancelation.
    ///
    /// A *source* is a future that resolves to a [`Cause`] (or what can be made one): a
    /// [deadline](crate::Deadline::source), another token's [`cancelled`](crate::Token::cancelled),
    /// anything. One future polls all of them in turn, so no helper task is needed, and whichever way it
    /// ends, everything is gone with it. It needs no heap.
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
    /// `E` is [`Bare`] or a `With…` around one; the bound cannot be named. It is written like iterator
    /// adaptors are:
    /// `Scope<&'static Token, Job, WithGrace<WithSource<Bare, Limit>, Clock>>` is
    /// `Scope::new(&STOP, job).source(limit).grace(clock, period)`.
    ///
    /// # Origin
    ///
    /// A source that resolves to a new cause cancels the token as [`cancel_with`](crate::Token::cancel_with)
    /// does: the [origin](Cancelled::origin) is the token. If a source resolves to the cancelation of
    /// something else, that stays the origin: a [`Deadline`](crate::Deadline), or another token. With
    /// [`Token::never`](crate::Token::never), which no cause is kept in, a new cause has no origin
    /// (`None`).
    ///
    /// ```
    /// use cancel_core::{CancelToken, Scope, Token};
    /// use std::future::{pending, ready};
    ///
    /// let (token, other) = (CancelToken::new(), CancelToken::new());
    /// let run = Scope::new(token.clone(), pending::<()>()).source(ready("enough"));
    /// assert!(smol::block_on(run).unwrap_err().is_from(&token));
    ///
    /// other.cancel();
    /// let run = Scope::new(CancelToken::new(), pending::<()>()).source(other.cancelled_owned());
    /// assert!(smol::block_on(run).unwrap_err().is_from(&other));
    ///
    /// let run = Scope::new(Token::never(), pending::<()>()).source(ready("enough"));
    /// assert_eq!(smol::block_on(run).unwrap_err().origin(), None);
    /// ```
    ///
    /// # Returns
    ///
    /// The body's output whenever there is one, also after a cancelation was asked for.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the token's cause, if the body was dropped.
    ///
    /// [`Cancelled`] with [`Reason::Error`](crate::Reason::Error), no origin, and the message "the shields are
    /// used by another scope", if that is so at the first poll: see
    /// [`Shields`](crate::Shields#one-scope-at-a-time). The body is dropped and not polled, the cleanup
    /// runs, and the token is not cancelled.
    ///
    /// # Panics
    ///
    /// Polling again after the end panics.
    ///
    /// With the feature `std`, a panic does not keep the run from its end: open shields are waited
    /// for, the cleanup runs, and the first panic goes on when the run is over. Until then:
    ///
    /// * A body that panics, also in one of its shields, is over, and is dropped.
    /// * A source that panics is gone, and cancels the token: [`Reason::Error`](crate::Reason::Error),
    ///   "a source panicked".
    /// * When a source fires, and a waker or a callback of the token panics, all others are told; the
    ///   token is cancelled, and the run goes on as after any other source.
    /// * A timer that panics ends the grace period.
    /// * A cleanup that panics is over, and so is the run.
    /// * The destructor of the body, of a source or of the cleanup may panic; it is not called again.
    ///
    /// Two panics are not contained: that of the task's own waker when it is cloned (the poll panics, and
    /// a later one goes on), and one in a destructor while the whole scope is dropped. If the scope is
    /// dropped before its end, a panic that waits for the end is forgotten.
    ///
    /// Without `std` nothing can be caught: a panic goes on from the poll at once, through open shields,
    /// and a cleanup that has not begun does not run.
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
    pub struct Scope<T, B, E = Bare>
    where
        T: TokenRef,
        B: Future,
        E: Setup,
    {
        #[pin]
        work: Work<B, E::Cleanup, Ended<B::Output>>,
        #[pin]
        setup: E,
        #[pin]
        token: WaitForCancel<T>,
        state: State,
    }
}

/// What comes of a body. `None`: it has panicked.
type Ended<T> = Option<Result<T, Cancelled>>;

pin_project! {
    #[project = WorkNow]
    enum Work<B, W, O> {
        Body { #[pin] body: B },
        Cleanup { #[pin] cleanup: W, output: O },
        Over,
    }
}

#[derive(Debug, Default)]
struct State {
    /// The body has been polled.
    started: bool,
    /// That was elsewhere, just now: see [`Scope::begun`].
    begun: bool,
    /// It has something to do at its end: what is around is held.
    has_end: bool,
    /// Cancelation has been asked for, and seen.
    asked: bool,
    /// A grace period runs.
    grace: bool,
    /// A source has fired although the token is one that is never cancelled.
    fired: Option<Cancelled>,
    panics: Panics,
}

impl<T: TokenRef, B: Future> Scope<T, B> {
    /// Creates a run of `body` under `token`. Nothing happens before the first poll.
    ///
    /// `token` is a `&Token`, a `CancelToken` or an `Arc<Token>`. Of a `CancelToken` that is borrowed, give
    /// `&*token` (the run borrows it) or `token.clone()` (the run keeps a handle, and can be `'static`).
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
        Scope::with_setup(token, body, Bare)
    }
}

impl<T: TokenRef, B: Future, E: Setup> Scope<T, B, E> {
    /// A scope of a layer, with a set-up of its own.
    #[doc(hidden)]
    pub fn with_setup(token: T, body: B, setup: E) -> Self {
        Scope {
            work: Work::Body { body },
            setup,
            token: WaitForCancel::new(token),
            state: State::default(),
        }
    }

    /// Says that the body has been polled before, by this task, and is pending: the first poll goes on
    /// after that, with the sources. So a layer can make the scope only once there is something to
    /// wait for.
    #[doc(hidden)]
    pub fn begun(mut self) -> Self {
        self.state.started = true;
        self.state.begun = true;
        self
    }

    /// Puts the set-up into another one. (Before the first poll: after it, the scope is pinned, and cannot be
    /// given by value.)
    pub(super) fn map<N: Setup>(self, make: impl FnOnce(E) -> N) -> Scope<T, B, N> {
        Scope {
            work: match self.work {
                Work::Body { body } => Work::Body { body },
                _ => Work::Over,
            },
            setup: make(self.setup),
            token: self.token,
            state: self.state,
        }
    }

    /// One round with the body. Ready: it is over, and is still where it was.
    fn poll_body(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<B::Output>> {
        let mut this = self.project();
        let WorkNow::Body { mut body } = this.work.project() else {
            unreachable!("asked for by `poll` only if there is a body")
        };
        let state = this.state;
        let mut second = false;
        // The body has not been polled in this poll; if it has been, the holds may have looked on.
        let (mut fresh, mut watched) = (true, false);
        loop {
            let begun = take(&mut state.begun);
            // (May have been cancelled by the body, by a source, or by others meanwhile.)
            let cause = match &state.fired {
                _ if begun => None,
                Some(fired) => Some(fired.clone()),
                None => this.token.token().cause(),
            };
            if let Some(cause) = cause {
                if !state.started {
                    return Poll::Ready(Some(Err(cause)));
                }
                let setup = this.setup.as_mut();
                if !state.asked {
                    state.asked = true;
                    state.panics.guard(|| setup.asked(&cause));
                    let setup = this.setup.as_mut();
                    state.grace = state.panics.guard(|| setup.begin_grace()).unwrap_or(false);
                }
                if state.grace {
                    let setup = this.setup.as_mut();
                    // (A panic of the timer ends it.)
                    let over = second
                        || state.panics.guard(|| setup.poll_grace(cx)) != Some(Poll::Pending);
                    if over {
                        state.grace = false;
                        let setup = this.setup.as_mut();
                        state.panics.guard(|| setup.end_grace());
                    }
                }
                if !state.grace {
                    let held = match this.setup.holds() {
                        None => false,
                        Some(holds) if fresh => {
                            watched = holds.begin();
                            watched
                        }
                        Some(holds) if watched => {
                            holds.end(cx.waker(), &mut state.panics) != Pass::Free
                        }
                        // What is open was perhaps not polled: the next poll looks.
                        Some(holds) => {
                            let open = holds.is_open();
                            if open {
                                cx.waker().wake_by_ref();
                            }
                            open
                        }
                    };
                    if !held {
                        return Poll::Ready(Some(Err(cause)));
                    }
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
            if begun || !state.started {
                if let Err(in_use) = this.setup.as_mut().claim() {
                    return Poll::Ready(Some(Err(Cancelled::from(in_use))));
                }
                state.started = true;
                // A scope around this one that is cancelled would drop this one with its body. So it
                // is held from here on if there is something to do at the end.
                state.has_end = this.setup.has_end();
            }
            if !begun {
                match state.panics.guard(|| body.as_mut().poll(cx)) {
                    Some(Poll::Pending) => {}
                    Some(Poll::Ready(output)) => return Poll::Ready(Some(Ok(output))),
                    None => return Poll::Ready(None),
                }
            }
            let mut asked = state.asked;
            loop {
                let setup = this.setup.as_mut();
                // (The set-up contains its sources by itself; a layer's may panic beside them.)
                let Poll::Ready(Some(cause)) = setup.poll_source(cx, &mut state.panics) else {
                    break;
                };
                if asked {
                    second = true;
                    break;
                }
                asked = true;
                let token = this.token.token();
                if token.may_be_cancelled() {
                    // One that comes after a cancel that this scope has not seen yet is the second.
                    second = state.panics.guard(|| token.cancel_with(cause)) == Some(false);
                } else {
                    // A token that is never cancelled does not keep the body from ending.
                    state.fired = Some(Cancelled::from(cause));
                }
            }
            if second {
                let setup = this.setup.as_mut();
                state.panics.guard(|| setup.asked_again());
            }
        }
    }

    /// A poll, but for what is to be told to the scope around.
    fn advance(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<B::Output>> {
        if let Work::Body { .. } = self.work {
            let ended = ready!(self.as_mut().poll_body(cx));
            let mut this = self.as_mut().project();
            // The body is dropped here, and while something waits for this scope, it still does.
            this.state.panics.guard(|| this.work.set(Work::Over));
            if let Some(holds) = this.setup.holds() {
                holds.clear(&mut this.state.panics);
            }
            let setup = this.setup.as_mut();
            match this.state.panics.guard(|| setup.start_cleanup()).flatten() {
                None => return Poll::Ready(ended),
                Some(cleanup) => {
                    // (The body may never have begun.)
                    this.state.has_end = true;
                    this.work.set(Work::Cleanup {
                        cleanup,
                        output: ended,
                    });
                }
            }
        }
        let mut this = self.project();
        let WorkNow::Cleanup { cleanup, output } = this.work.as_mut().project() else {
            panic!("`Scope` polled after its end");
        };
        if this.state.panics.guard(|| cleanup.poll(cx)) == Some(Poll::Pending) {
            return Poll::Pending;
        }
        let ended = output.take();
        this.state.panics.guard(|| this.work.set(Work::Over));
        Poll::Ready(ended)
    }
}

impl<T: TokenRef, B: Future, E: Setup> Future for Scope<T, B, E> {
    type Output = Result<B::Output, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let poll = self.as_mut().advance(cx);
        let mut this = self.project();
        let Poll::Ready(ended) = poll else {
            let holds = this.state.has_end || this.setup.holds().is_some_and(|h| h.is_open());
            this.setup.around(holds.then(|| cx.waker()));
            return Poll::Pending;
        };
        this.setup.as_mut().around(None);
        this.setup.end(&mut this.state.panics);
        take(&mut this.state.panics).resume();
        Poll::Ready(ended.expect("a body that has panicked has left its panic"))
    }
}

impl<T: TokenRef, B: Future, E: Setup> fmt::Debug for Scope<T, B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("token", self.token.token())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
