//! `Source`: whatever may ask for the cancelation of an operation, in one type.

use super::Runtime;
use super::accept::ToFollow;
use super::base::{Cancelable, Cx, Kind, Many, Operation, Source, Trigger};
use super::started::{Contained, Once, once, panicked};
use cancel_core::{CancelToken, Cause, Instant, IntoDeadline, Reason};
use cancel_core::{Token, TokenView};
use futures_core::Stream;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem::replace;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

impl<R: Runtime> Source<R> {
    /// Fires `timeout` after the start of the operation, with [`Reason::Timeout`].
    ///
    /// Zero fires before the body is polled; there is no upper bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().source(Source::timeout(Duration::ZERO));
    /// let cancelled = smol::block_on(op.run(async |_| ())).unwrap_err();
    /// assert_eq!(cancelled.reason(), Reason::Timeout);
    /// ```
    pub fn timeout(timeout: Duration) -> Self {
        Self::one(Trigger::Timeout(timeout, None))
    }

    /// Fires `timeout` after the start of the operation, as [`timeout`](Source::timeout) does, with a message or an
    /// error of one's own: see [`Cancelable::timeout_with`](crate::Cancelable::timeout_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let answer = Source::timeout_with(Duration::ZERO, "no answer");
    /// let cancelled = smol::block_on(Cancelable::any([answer]).run(async |_| ())).unwrap_err();
    /// assert_eq!((cancelled.reason(), cancelled.message()), (Reason::Timeout, Some("no answer")));
    /// ```
    pub fn timeout_with(timeout: Duration, cause: impl Into<Cause>) -> Self {
        let cause = cause.into().with_reason(Reason::Timeout);
        Self::one(Trigger::Timeout(timeout, Some(cause)))
    }

    /// Fires at a moment on the runtime's clock, with [`Reason::Timeout`]. `None` never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source, Std, Timer};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().source(Source::deadline(Std.now() + Duration::from_secs(5))).build();
    /// assert!(op.remaining().unwrap() <= Duration::from_secs(5));
    /// ```
    pub fn deadline(deadline: impl IntoDeadline<R>) -> Self {
        let deadline = deadline.into_deadline();
        Self::one(Trigger::Deadline(deadline.unwrap_or(Instant::FAR_FUTURE)))
    }

    /// Fires when `token` is cancelled, with its reason and message. One-way: the token is never
    /// cancelled by the operation. What is a token: see [`token`](Cancelable::token).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{CancelToken, Cancelable, Source};
    ///
    /// let stop = CancelToken::new();
    /// stop.cancel_with("not today");
    /// let op = Cancelable::new().source(Source::token(&stop)).build();
    /// assert_eq!(op.context().message(), Some("not today"));
    /// ```
    pub fn token(token: impl ToFollow) -> Self {
        Self::one(Trigger::Token(token.to_follow()))
    }

    /// Fires when the future is ready, with the cause that it gives: a [`Cause`], a [`Reason`], a
    /// message, both, or somebody's [`Cancelled`](cancel_core::Cancelled).
    ///
    /// The way to make sources of one's own. If the future panics, that fires, too: with
    /// [`Reason::Error`] and the text of the panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    ///
    /// let (lid, opened) = std::sync::mpsc::channel();
    /// let watch = smol::unblock(move || opened.recv());
    /// let op = Cancelable::new().source(Source::future(async move {
    ///     match watch.await {
    ///         Ok(room) => format!("lid of {room} opened"),
    ///         Err(_) => String::from("sensor lost"),
    ///     }
    /// }));
    /// lid.send("cellar").unwrap();
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().message(), Some("lid of cellar opened"));
    /// ```
    pub fn future<F>(future: F) -> Self
    where
        F: Future<Output: Into<Cause>> + Send + 'static,
    {
        Self::awaiting("future", move |_| async move { Some(future.await.into()) })
    }

    /// As [`future`](Source::future), of a future that is made when the operation starts, from its
    /// [`Cx`]: for the runtime's clock, the name, or to report progress.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().name("sync").source(Source::future_with(|cx| {
    ///     let cx = cx.clone();
    ///     async move {
    ///         cx.sleep(Duration::from_millis(5)).await;
    ///         format!("{} is quiet for too long", cx.name().unwrap_or("it"))
    ///     }
    /// }));
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().message(), Some("sync is quiet for too long"));
    /// ```
    pub fn future_with<F>(start: impl FnOnce(&Cx<R>) -> F + Send + 'static) -> Self
    where
        F: Future<Output: Into<Cause>> + Send + 'static,
    {
        Self::awaiting("future", move |op| {
            let future = start(op);
            async move { Some(future.await.into()) }
        })
    }

    /// Fires with the first item of a stream. Each further item is one more request: it ends a grace
    /// period.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cause, Reason, Source};
    ///
    /// let buttons = smol::stream::iter([Cause::from((Reason::Manual, "stop"))]);
    /// let op = Cancelable::new().source(Source::stream(buttons));
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().message(), Some("stop"));
    /// ```
    pub fn stream<S>(stream: S) -> Self
    where
        S: Stream<Item = Cause> + Send + 'static,
    {
        Self::starting("stream", move |_| stream)
    }

    /// Fires when other work fails: with [`Reason::Error`], and the error as the cause's source. If
    /// it succeeds, the source never fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Source};
    /// use std::error::Error;
    ///
    /// let upload = smol::spawn(async { Err::<(), _>(std::io::Error::other("disk full")) });
    /// let op = Cancelable::new().source(Source::failure(upload));
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().source().unwrap().to_string(), "disk full");
    /// ```
    pub fn failure<F, T, E>(work: F) -> Self
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self::awaiting("failure", move |_| async move {
            match work.await {
                Ok(_) => None,
                Err(error) => Some(Cause::new(Reason::Error).with_error(error)),
            }
        })
    }

    /// Fires when the first of these does, with its cause. Of none: never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let op = Cancelable::new().source(Source::any([
    ///     Source::timeout(Duration::from_secs(60)),
    ///     Source::future(async { Reason::Shutdown }),
    /// ]));
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().reason(), Reason::Shutdown);
    /// ```
    pub fn any(sources: impl IntoIterator<Item = Source<R>>) -> Self {
        Self::of(Kind::Any(Many(sources.into_iter().collect())))
    }

    /// Fires when all of these have fired, with the cause of the last one. Of none: never.
    ///
    /// If all have fired before the operation starts, its body is never polled. That is known of tokens,
    /// flags, operations, and times that are over; a future has not fired before it is polled.
    ///
    /// Of an operation that is still being set up, the sources are what has to fire: one of them is
    /// enough. Its callbacks, cleanups, registries, metadata, grace period and name are taken over as by
    /// [`combine`](Cancelable::combine), and its parents hear of progress.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Reason, Source};
    /// use std::time::Duration;
    ///
    /// let stop = cancel_std::CancelToken::new();
    /// stop.cancel_with(Reason::Shutdown);
    /// let op = Cancelable::all([
    ///     Source::token(&stop),
    ///     Source::timeout(Duration::from_millis(5)), // give it at least so long, whatever happens
    /// ]);
    /// let cancelled = smol::block_on(op.run(async |_| std::future::pending::<()>().await));
    /// assert_eq!(cancelled.unwrap_err().reason(), Reason::Timeout);
    /// ```
    pub fn all(sources: impl IntoIterator<Item = Source<R>>) -> Self {
        let mut sources: Vec<Source<R>> = sources.into_iter().collect();
        let besides = take_apart(&mut sources);
        Self::of(Kind::All(Many(sources), besides))
    }

    fn of(kind: Kind<R>) -> Self {
        Source { kind }
    }

    pub(super) fn one(trigger: Trigger<R>) -> Self {
        Self::of(Kind::One(trigger))
    }

    /// A future, made when the operation starts, that may give a cause.
    pub(crate) fn awaiting<F>(
        name: impl Into<Cow<'static, str>>,
        start: impl FnOnce(&Cx<R>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Option<Cause>> + Send + 'static,
    {
        Self::starting(name, move |op| Once {
            future: Some(start(op)),
        })
    }

    /// `start` is called when the operation starts.
    pub(crate) fn starting<S>(
        name: impl Into<Cow<'static, str>>,
        start: impl FnOnce(&Cx<R>) -> S + Send + 'static,
    ) -> Self
    where
        S: Stream<Item = Cause> + Send + 'static,
    {
        Self::one(Trigger::Other {
            name: name.into(),
            start: Box::new(move |op| {
                // Its making is as foreign as its polls.
                match catch_unwind(AssertUnwindSafe(|| start(op))) {
                    Ok(source) => Box::pin(Contained(Some(source))),
                    Err(payload) => once(std::future::ready(panicked(payload))),
                }
            }),
        })
    }
}

/// Leaves the sources of operations that are being set up where they are, in place of the operations, and
/// returns everything else that those were set up with, in one. (What is in an all-of, has been taken apart
/// when that was made.)
fn take_apart<R: Runtime>(sources: &mut [Source<R>]) -> Option<Box<Cancelable<R>>> {
    let mut besides: Option<Cancelable<R>> = None;
    let mut left: Vec<&mut Source<R>> = sources.iter_mut().rev().collect();
    while let Some(source) = left.pop() {
        let found = match &mut source.kind {
            Kind::One(_) => None,
            Kind::Any(many) => {
                left.extend(many.0.iter_mut().rev());
                None
            }
            Kind::All(_, besides) => besides.take().map(|found| *found),
            kind @ Kind::Cancelable(_) => {
                match replace(kind, Kind::Any(Many(Vec::new()))) {
                    Kind::Cancelable(part) => {
                        let (sources, rest) = part.split();
                        *kind = Kind::Any(Many(sources));
                        Some(rest)
                    }
                    _ => None, // (not reached)
                }
            }
        };
        besides = match (besides, found) {
            (Some(besides), Some(found)) => Some(besides.combine(found)),
            (besides, found) => besides.or(found),
        };
    }
    besides.map(Box::new)
}

macro_rules! tokens {
    ($($token:ty),*) => {
        $(
            /// As [`Source::token`].
            impl<R: Runtime> From<$token> for Source<R> {
                fn from(token: $token) -> Self {
                    Source::token(token)
                }
            }
        )*
    };
}

tokens!(
    CancelToken,
    &CancelToken,
    &'static Token,
    TokenView<CancelToken>,
    &TokenView<CancelToken>,
    TokenView<&'static Token>,
    Operation<R>,
    &Operation<R>,
    Cx<R>,
    &Cx<R>
);

/// The sources of an operation that is being set up: fires when one of them does. What else it was set up
/// with comes along, as [`combine`](Cancelable::combine) and [`Source::all`] say.
impl<R: Runtime> From<Cancelable<R>> for Source<R> {
    fn from(cancelable: Cancelable<R>) -> Self {
        Source::of(Kind::Cancelable(Box::new(cancelable)))
    }
}

impl<R> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source::")?;
        match &self.kind {
            Kind::One(trigger) => trigger.fmt(f),
            Kind::Any(many) => f.debug_tuple("any").field(many).finish(),
            Kind::All(many, _) => f.debug_tuple("all").field(many).finish(),
            Kind::Cancelable(part) => f.debug_tuple("cancelable").field(part).finish(),
        }
    }
}
