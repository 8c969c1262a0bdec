//! Set-ups with shields, a grace period, a cleanup.

use super::base::{Setup, forward};
use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::rt::Timer;
use crate::scope::hold::Hold;
use crate::scope::holds::Holds;
use crate::scope::shields::Shields;
use crate::scope::source::in_use;
use crate::sync::Panics;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use pin_project_lite::pin_project;

pin_project! {
    /// A set-up with shields. Made by [`Scope::shields`](crate::Scope::shields).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Bare, Scope, Shields, Token, WithShields};
    /// use std::future::{Ready, ready};
    ///
    /// static STOP: Token = Token::new();
    /// static SHIELDS: Shields<'static> = Shields::new();
    ///
    /// struct Job {
    ///     run: Scope<&'static Token, Ready<u32>, WithShields<'static, Bare>>,
    /// }
    ///
    /// let job = Job { run: Scope::new(&STOP, ready(5)).shields(&SHIELDS) };
    /// assert_eq!(smol::block_on(job.run), Ok(5));
    /// ```
    #[derive(Debug)]
    pub struct WithShields<'s, E> {
        #[pin]
        inside: E,
        shields: &'s Shields<'s>,
        // Whether this scope has claimed them.
        used: bool,
        // In the scope around.
        #[pin]
        around: Option<Hold<'s>>,
    }

    impl<E> PinnedDrop for WithShields<'_, E> {
        fn drop(this: Pin<&mut Self>) {
            if this.used {
                let mut panics = Panics::new();
                this.shields.holds.release(&mut panics);
                panics.resume_unless_unwinding();
            }
        }
    }
}

impl<'s, E> WithShields<'s, E> {
    pub(crate) fn new(inside: E, shields: &'s Shields<'s>) -> Self {
        WithShields {
            inside,
            shields,
            used: false,
            around: shields.outer.map(|outer| Hold::new(&outer.holds)),
        }
    }
}

impl<E: Setup> Setup for WithShields<'_, E> {
    /// (Shields that were set before these are not used.)
    fn claim(self: Pin<&mut Self>) -> Result<(), Cause> {
        let this = self.project();
        *this.used = this.shields.holds.claim();
        match this.used {
            true => Ok(()),
            false => Err(in_use()),
        }
    }

    #[inline]
    fn holds(&self) -> Option<&Holds> {
        self.used.then_some(&self.shields.holds)
    }

    fn around(self: Pin<&mut Self>, waits: Option<&Waker>) {
        let this = self.project();
        this.inside.around(waits);
        if let Some(around) = this.around.as_pin_mut() {
            match waits {
                Some(waker) => {
                    around.keep(waker);
                    let outer = this.shields.outer;
                    if let Some(outer) = outer.filter(|_| this.shields.holds.asks()) {
                        outer.holds.asked_inside();
                    }
                }
                None => around.release(),
            }
        }
    }

    fn end(self: Pin<&mut Self>, panics: &mut Panics) {
        let this = self.project();
        this.inside.end(panics);
        if core::mem::take(this.used) {
            this.shields.holds.release(panics);
        }
    }

    forward!(Cleanup has_end asked poll_source grace start_cleanup);
}

pin_project! {
    /// A set-up with a grace period. Made by [`Scope::grace`](crate::Scope::grace).
    ///
    /// # Examples
    ///
    /// See [`Scope::grace`](crate::Scope::grace).
    #[derive(Debug)]
    pub struct WithGrace<E, R>
    where
        R: Timer,
    {
        #[pin]
        inside: E,
        timer: R,
        period: Duration,
        #[pin]
        left: Option<R::Sleep>,
    }
}

impl<E, R: Timer> WithGrace<E, R> {
    pub(crate) fn new(inside: E, timer: R, period: Duration) -> Self {
        WithGrace {
            inside,
            timer,
            period,
            left: None,
        }
    }
}

impl<E: Setup, R: Timer> Setup for WithGrace<E, R> {
    fn has_end(&self) -> bool {
        !self.period.is_zero() || self.inside.has_end()
    }

    fn begin_grace(self: Pin<&mut Self>) -> bool {
        let mut this = self.project();
        if this.period.is_zero() {
            return false;
        }
        let sleep = this.timer.sleep(*this.period);
        this.left.set(Some(sleep));
        true
    }

    fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.project().left.as_pin_mut() {
            // An error counts as its end, too.
            Some(left) => left.poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    fn end_grace(self: Pin<&mut Self>) {
        self.project().left.set(None);
    }

    forward!(Cleanup claim holds asked poll_source start_cleanup around end);
}

pin_project! {
    /// A set-up with a cleanup. Made by [`Scope::finally`](crate::Scope::finally).
    ///
    /// # Examples
    ///
    /// See [`Scope::finally`](crate::Scope::finally).
    #[derive(Debug)]
    pub struct WithCleanup<E, F> {
        #[pin]
        inside: E,
        cleanup: Option<F>,
    }
}

impl<E, F> WithCleanup<E, F> {
    pub(crate) fn new(inside: E, cleanup: F) -> Self {
        WithCleanup {
            inside,
            cleanup: Some(cleanup),
        }
    }
}

impl<E, F, W> Setup for WithCleanup<E, F>
where
    E: Setup,
    F: FnOnce() -> W,
    W: Future<Output = ()>,
{
    type Cleanup = W;

    fn has_end(&self) -> bool {
        true
    }

    fn start_cleanup(self: Pin<&mut Self>) -> Option<W> {
        self.project().cleanup.take().map(|cleanup| cleanup())
    }

    forward!(claim holds asked poll_source grace around end);
}
