//! What the runner asks of a set-up, and the set-up with nothing in it.

use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::scope::holds::Holds;
use crate::sync::Panics;
use core::future::{Future, Ready};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// What the runner asks of its set-up. Hidden: layers implement it, which may change at any time.
///
/// The runner contains panics of every call but `claim`, `has_end`, `holds` and `around`. Where several parts
/// are asked in one call, each is contained by itself.
pub trait Setup {
    /// What is polled after the body.
    type Cleanup: Future<Output = ()>;

    /// Whether there is something to do at the end that takes time: a grace period, a cleanup. Asked
    /// once, when the body has begun.
    fn has_end(&self) -> bool;

    /// Called once, before the body is polled for the first time: takes what no other scope may use
    /// meanwhile. An error: another scope uses it. The body is not polled then.
    #[inline]
    fn claim(self: Pin<&mut Self>) -> Result<(), Cause> {
        Ok(())
    }

    /// What may keep the body.
    fn holds(&self) -> Option<&Holds>;

    /// Called once, when the runner sees that the body is to end: before it is dropped, or its grace
    /// period begins. (Not for a body that never began.)
    fn asked(self: Pin<&mut Self>, cancelled: &Cancelled);

    /// Called for each request after the first one. (If that is not known yet, before `asked`.)
    #[inline]
    fn asked_again(self: Pin<&mut Self>) {}

    /// The next cause of a source. None: there is no source any more.
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>>;

    /// Begins the grace period. False: there is none.
    fn begin_grace(self: Pin<&mut Self>) -> bool;

    /// Ready: it is over.
    fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// It is over, or to be.
    fn end_grace(self: Pin<&mut Self>);

    /// The body is gone.
    fn start_cleanup(self: Pin<&mut Self>) -> Option<Self::Cleanup>;

    /// A poll of the scope ends. With a waker: it waits, and holds what is around it.
    fn around(self: Pin<&mut Self>, waits: Option<&Waker>);

    /// The end: drops the sources.
    fn end(self: Pin<&mut Self>, panics: &mut Panics);
}

/// The set-up of a [`Scope`](crate::Scope) that has a token and a body, and nothing else.
///
/// # Examples
///
/// ```
/// use cancel_core::{Bare, Scope, Token};
/// use std::future::{Ready, ready};
///
/// static STOP: Token = Token::new();
///
/// struct Job {
///     run: Scope<&'static Token, Ready<u32>, Bare>,
/// }
///
/// let job = Job { run: Scope::new(&STOP, ready(5)) };
/// assert_eq!(smol::block_on(job.run), Ok(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Setup for Bare {
    type Cleanup = Ready<()>;

    #[inline]
    fn has_end(&self) -> bool {
        false
    }
    #[inline]
    fn holds(&self) -> Option<&Holds> {
        None
    }
    #[inline]
    fn asked(self: Pin<&mut Self>, _: &Cancelled) {}
    #[inline]
    fn poll_source(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut Panics,
    ) -> Poll<Option<Cause>> {
        Poll::Ready(None)
    }
    #[inline]
    fn begin_grace(self: Pin<&mut Self>) -> bool {
        false
    }
    #[inline]
    fn poll_grace(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
    #[inline]
    fn end_grace(self: Pin<&mut Self>) {}
    #[inline]
    fn start_cleanup(self: Pin<&mut Self>) -> Option<Ready<()>> {
        None
    }
    #[inline]
    fn around(self: Pin<&mut Self>, _: Option<&Waker>) {}
    #[inline]
    fn end(self: Pin<&mut Self>, _: &mut Panics) {}
}

/// Writes methods that only call the same method of the set-up inside.
macro_rules! forward {
    () => {};
    (Cleanup $($rest:ident)*) => {
        type Cleanup = E::Cleanup;
        forward!($($rest)*);
    };
    (has_end $($rest:ident)*) => {
        #[inline]
        fn has_end(&self) -> bool {
            self.inside.has_end()
        }
        forward!($($rest)*);
    };
    (holds $($rest:ident)*) => {
        #[inline]
        fn holds(&self) -> Option<&Holds> {
            self.inside.holds()
        }
        forward!($($rest)*);
    };
    (claim $($rest:ident)*) => {
        #[inline]
        fn claim(self: Pin<&mut Self>) -> Result<(), Cause> {
            self.project().inside.claim()
        }
        forward!($($rest)*);
    };
    (asked $($rest:ident)*) => {
        #[inline]
        fn asked(self: Pin<&mut Self>, cancelled: &Cancelled) {
            self.project().inside.asked(cancelled);
        }
        #[inline]
        fn asked_again(self: Pin<&mut Self>) {
            self.project().inside.asked_again();
        }
        forward!($($rest)*);
    };
    (poll_source $($rest:ident)*) => {
        #[inline]
        fn poll_source(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            panics: &mut Panics,
        ) -> Poll<Option<Cause>> {
            self.project().inside.poll_source(cx, panics)
        }
        forward!($($rest)*);
    };
    (grace $($rest:ident)*) => {
        #[inline]
        fn begin_grace(self: Pin<&mut Self>) -> bool {
            self.project().inside.begin_grace()
        }
        #[inline]
        fn poll_grace(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.project().inside.poll_grace(cx)
        }
        #[inline]
        fn end_grace(self: Pin<&mut Self>) {
            self.project().inside.end_grace();
        }
        forward!($($rest)*);
    };
    (start_cleanup $($rest:ident)*) => {
        #[inline]
        fn start_cleanup(self: Pin<&mut Self>) -> Option<E::Cleanup> {
            self.project().inside.start_cleanup()
        }
        forward!($($rest)*);
    };
    (around $($rest:ident)*) => {
        #[inline]
        fn around(self: Pin<&mut Self>, waits: Option<&Waker>) {
            self.project().inside.around(waits);
        }
        forward!($($rest)*);
    };
    (end $($rest:ident)*) => {
        #[inline]
        fn end(self: Pin<&mut Self>, panics: &mut Panics) {
            self.project().inside.end(panics);
        }
        forward!($($rest)*);
    };
}

pub(super) use forward;
