//! The parts of a scope, added one after the other.

use crate::cause::Cause;
use crate::rt::Timer;
use crate::scope::run::Scope;
use crate::scope::setup::{Setup, WithCleanup, WithGrace, WithShields, WithSource, WithSources};
use crate::scope::shields::Shields;
use crate::token::TokenRef;
use core::future::Future;
use core::time::Duration;
use futures_core::Stream;

impl<T: TokenRef, B: Future, E: Setup> Scope<T, B, E> {
    /// Adds a source: a future that resolves to a cause, or to what can be made one.
    ///
    /// There may be any number of sources, set by this method and by [`sources`](Scope::sources) in any
    /// order. Each poll asks them in the order in which they were added. The first one that is ready
    /// cancels the token; the next one is a second request, which ends the grace period.
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
    pub fn source<S>(self, source: S) -> Scope<T, B, WithSource<E, S>>
    where
        S: Future<Output: Into<Cause>>,
    {
        self.map(|setup| WithSource::new(setup, source))
    }

    /// Adds a stream of sources: each item is a request, as if of a [`source`](Scope::source) of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Reason, Scope, Token};
    /// use futures_util::stream;
    /// use std::future::pending;
    ///
    /// let token = Token::new();
    /// let clicks = stream::iter([Reason::Shutdown, Reason::Manual]);
    /// let run = Scope::new(&token, pending::<()>()).sources(clicks);
    /// assert_eq!(smol::block_on(run).unwrap_err().reason(), Reason::Shutdown);
    /// ```
    pub fn sources<S>(self, sources: S) -> Scope<T, B, WithSources<E, S>>
    where
        S: Stream<Item: Into<Cause>>,
    {
        self.map(|setup| WithSources::new(setup, sources))
    }

    /// Sets the shields that the body uses, instead of others set before.
    ///
    /// One scope at a time uses them, from its first poll to its end or drop. If another scope uses them at
    /// the first poll, the run ends with an [error](Scope#errors), and the body is not polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Scope, Shields, Token};
    ///
    /// let (token, shields) = (Token::new(), Shields::new());
    /// let body = shields.shield(async |_| 5);
    /// let run = Scope::new(&token, body).shields(&shields);
    /// assert_eq!(smol::block_on(run), Ok(5));
    /// ```
    pub fn shields<'s>(self, shields: &'s Shields<'s>) -> Scope<T, B, WithShields<'s, E>> {
        self.map(|setup| WithShields::new(setup, shields))
    }

    /// Lets a body that has begun go on for `period` after the cancelation, to come to a good end:
    /// it sees its token cancelled. A second source that fires ends the period. Zero is no period.
    /// Replaces a grace period set before.
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
    pub fn grace<R: Timer>(self, timer: R, period: Duration) -> Scope<T, B, WithGrace<E, R>> {
        self.map(|setup| WithGrace::new(setup, timer, period))
    }

    /// Sets what runs after the body, however that ended: it is awaited, it is not cancelled, and it
    /// holds the scopes around this one, as these are named by [`Shields::nested`](crate::Shields::nested).
    /// Replaces a cleanup set before.
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
    pub fn finally<F, W>(self, cleanup: F) -> Scope<T, B, WithCleanup<E, F>>
    where
        F: FnOnce() -> W,
        W: Future<Output = ()>,
    {
        self.map(|setup| WithCleanup::new(setup, cleanup))
    }
}
