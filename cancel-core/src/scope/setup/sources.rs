//! Set-ups with sources.

use super::base::{Setup, forward};
use crate::cause::Cancelled;
use crate::cause::Cause;
use crate::scope::holds::Holds;
use crate::scope::source::broken;
use crate::sync::Panics;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use futures_core::Stream;
use pin_project_lite::pin_project;

/// What the poll of a source gives.
enum Answer {
    /// A cause, and there may be more.
    One(Cause),
    /// The last cause.
    Last(Cause),
    /// There is no cause any more.
    Over,
}

/// Polls the sources of the set-up inside, which were added before; then, if none of them has a cause, the
/// source in `place`. A source that is over, or panics, is dropped.
fn poll_after<E: Setup, S>(
    inside: Pin<&mut E>,
    mut place: Pin<&mut Option<S>>,
    cx: &mut Context<'_>,
    panics: &mut Panics,
    poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<Answer>,
) -> Poll<Option<Cause>> {
    let inside = inside.poll_source(cx, panics);
    if let Poll::Ready(Some(_)) = inside {
        return inside;
    }
    let Some(source) = place.as_mut().as_pin_mut() else {
        return inside;
    };
    let said = match panics.guard(|| poll(source, cx)) {
        Some(Poll::Pending) => return Poll::Pending,
        Some(Poll::Ready(Answer::One(cause))) => return Poll::Ready(Some(cause)),
        Some(Poll::Ready(Answer::Last(cause))) => Poll::Ready(Some(cause)),
        Some(Poll::Ready(Answer::Over)) => inside,
        None => Poll::Ready(Some(broken())),
    };
    panics.guard(|| place.set(None));
    said
}

pin_project! {
    /// A set-up with one more source. Made by [`Scope::source`](crate::Scope::source).
    ///
    /// # Examples
    ///
    /// A job with a deadline, in a struct:
    ///
    /// ```
    /// # use cancel_core::{Instant, Timer, TimerError};
    /// # use std::time::Duration;
    /// # #[derive(Clone)]
    /// # struct Clock;
    /// # impl Timer for Clock {
    /// #     type Sleep = std::future::Ready<Result<(), TimerError>>;
    /// #     fn now(&self) -> Instant { Instant::EPOCH }
    /// #     fn sleep_until(&self, _: Instant) -> Self::Sleep { std::future::ready(Ok(())) }
    /// # }
    /// use cancel_core::{Bare, Deadline, Reason, Scope, Token, UntilDeadline, WithSource};
    /// use std::future::{Pending, pending};
    ///
    /// static STOP: Token = Token::new();
    /// static LIMIT: Deadline<'static, Clock> = Deadline::new(Clock);
    ///
    /// struct Job {
    ///     run: Scope<&'static Token, Pending<()>, WithSource<Bare, UntilDeadline<'static, Clock>>>,
    /// }
    ///
    /// LIMIT.set_timeout(Duration::from_millis(5));
    /// let job = Job { run: Scope::new(&STOP, pending()).source(LIMIT.source()) };
    /// assert_eq!(smol::block_on(job.run).unwrap_err().reason(), Reason::Timeout);
    /// ```
    #[derive(Debug)]
    pub struct WithSource<E, S> {
        #[pin]
        inside: E,
        #[pin]
        source: Option<S>,
    }
}

impl<E, S> WithSource<E, S> {
    pub(crate) fn new(inside: E, source: S) -> Self {
        WithSource {
            inside,
            source: Some(source),
        }
    }
}

impl<E, S> Setup for WithSource<E, S>
where
    E: Setup,
    S: Future<Output: Into<Cause>>,
{
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>> {
        let this = self.project();
        poll_after(this.inside, this.source, cx, panics, |source, cx| {
            source.poll(cx).map(|cause| Answer::Last(cause.into()))
        })
    }

    fn end(self: Pin<&mut Self>, panics: &mut Panics) {
        let mut this = self.project();
        this.inside.end(panics);
        panics.guard(|| this.source.set(None));
    }

    forward!(Cleanup has_end claim holds asked grace start_cleanup around);
}

pin_project! {
    /// A set-up with one more stream of sources. Made by [`Scope::sources`](crate::Scope::sources).
    ///
    /// # Examples
    ///
    /// See [`Scope::sources`](crate::Scope::sources).
    #[derive(Debug)]
    pub struct WithSources<E, S> {
        #[pin]
        inside: E,
        #[pin]
        sources: Option<S>,
    }
}

impl<E, S> WithSources<E, S> {
    pub(crate) fn new(inside: E, sources: S) -> Self {
        WithSources {
            inside,
            sources: Some(sources),
        }
    }
}

impl<E, S> Setup for WithSources<E, S>
where
    E: Setup,
    S: Stream<Item: Into<Cause>>,
{
    fn poll_source(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        panics: &mut Panics,
    ) -> Poll<Option<Cause>> {
        let this = self.project();
        poll_after(this.inside, this.sources, cx, panics, |sources, cx| {
            let next = sources.poll_next(cx);
            next.map(|next| next.map_or(Answer::Over, |cause| Answer::One(cause.into())))
        })
    }

    fn end(self: Pin<&mut Self>, panics: &mut Panics) {
        let mut this = self.project();
        this.inside.end(panics);
        panics.guard(|| this.sources.set(None));
    }

    forward!(Cleanup has_end claim holds asked grace start_cleanup around);
}
