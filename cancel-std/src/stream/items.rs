//! The stream itself: its items, its reports, its end.

use super::form::{Form, Plain};
use super::kept::{Keeper, Kept};
use crate::basics::give_way::InARow;
use crate::current;
use crate::operation::{Operation, Runtime};
use cancel_core::{CancelToken, Cancelled, WaitForCancel};
use futures_core::{FusedStream, Stream};
use pin_project::pin_project;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A stream that is part of an operation: it ends when that is cancelled or its deadline has passed.
///
/// Made by [`Cx::stream`](crate::Cx::stream) (items as they are) and [`Cx::try_stream`](crate::Cx::try_stream) (results, the
/// cancelation as the last one).
///
/// Fused: after its end it gives `None` again.
///
/// # When it is cancelled
///
/// The operation is looked at before the source is polled, so a source that is always ready ends,
/// too, and the source loses nothing: what it has not given yet stays in it. The first poll that finds
/// the operation cancelled is *pending* and lets the runner have its turn, which drops the body
/// there. So a loop over the stream never comes to an early end that looks like a complete one.
///
/// Where the body goes on nevertheless (in a [grace period](crate::Cancelable::grace), in another task or thread):
///
/// * a [`try_stream`](crate::Cx::try_stream) gives the cancelation as its last item,
/// * a [`stream`](crate::Cx::stream) stays pending, since it has no other way to say that it is not complete,
/// * that of a handle, [`Operation::stream`], ends; [`check`](Operation::check) tells.
///
/// In a [shield](crate::Cx::shield) of its operation, and in its cleanup, a stream goes on giving items. It does not
/// matter whether it was made with the `Cx` of the shield or with one from outside.
///
/// # Fairness
///
/// After 128 items in a row that were ready at once it gives way to the other tasks of the executor: it
/// is pending once, with the waker woken. So a source that is always ready, and a chunk of any size,
/// lets the sources of the operation have their turn.
///
/// # Cancel safety
///
/// Cancel safe: dropping a `next` loses nothing.
///
/// # Examples
///
/// ```
/// use cancel_std::{Cancelable, Kept};
/// use smol::stream::{self, StreamExt};
///
/// let op = Cancelable::new().build();
/// let run = op.run(async |cx| {
///     let mut numbers = cx.stream(stream::iter(1..)).report_every(100).keep_last(3);
///     while let Some(number) = numbers.next().await {
///         if number == 250 {
///             cx.cancel_with("enough");
///         }
///     }
/// });
/// smol::block_on(run).unwrap_err();
///
/// let context = op.context();
/// assert_eq!(context.progress().unwrap().current(), Some(200));
/// let kept = context.partial_result::<Kept<i32>>().unwrap();
/// assert_eq!(kept.to_vec(), [248, 249, 250]);
/// assert_eq!(kept.passed(), 250);
/// ```
#[must_use = "streams do nothing unless polled"]
#[pin_project]
pub struct OperationStream<S: Stream, R: Runtime, F: Form<S::Item> = Plain> {
    #[pin]
    source: S,
    /// There while the source is pending. (In a box, so that all of this can be moved if the source can.)
    wait: Option<Pin<Box<WaitForCancel<CancelToken>>>>,
    pub(super) op: Operation<R>,
    /// The cancelation has been seen, and the runner had a turn.
    seen: bool,
    pub(super) ended: bool,
    /// A cancelation is its end, although it has no item that says so.
    may_end: bool,
    /// How many items have passed, errors not counted.
    passed: u64,
    in_a_row: InARow,
    /// Reports come every so many; never, if it is zero.
    every: u64,
    reported: u64,
    pub(super) keeper: Option<Keeper<F::Value>>,
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> OperationStream<S, R, F> {
    pub(super) fn new(op: Operation<R>, source: S, may_end: bool) -> Self {
        OperationStream {
            source,
            wait: None,
            op,
            seen: false,
            ended: false,
            may_end,
            passed: 0,
            in_a_row: InARow::default(),
            every: 0,
            reported: 0,
            keeper: None,
        }
    }

    /// [Reports progress](crate::Cx::progress) of the operation with every `every`-th item, and at the
    /// end of the source: how many have passed, of how many if the source
    /// [knows](Stream::size_hint). Zero: no reports, as by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new().on_progress(|progress| println!("{progress}")).build();
    /// let run = op.run(async |cx| {
    ///     let items = cx.stream(stream::iter(0..250)).report_every(100);
    ///     items.count().await // 100/250, 200/250, 250/250
    /// });
    /// assert_eq!(smol::block_on(run), Ok(250));
    /// assert_eq!(op.context().progress().unwrap().to_string(), "250/250");
    /// ```
    pub fn report_every(mut self, every: u64) -> Self {
        self.every = every;
        self
    }

    /// Keeps clones of the last `limit` items (of a [`try_stream`](crate::Cx::try_stream): of its
    /// values) as the operation's [partial result](crate::Context::partial_result), of the type
    /// [`Kept`]: to be looked at from anywhere, at any time, whichever way it all ends. Zero: only
    /// counts them.
    ///
    /// It takes the place of a partial result that is there already. In a
    /// [chunked](OperationStream::chunks) form it keeps at least what the chunk holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Kept};
    /// use smol::stream::{self, StreamExt};
    /// use std::task::Poll;
    ///
    /// let op = Cancelable::new().build();
    /// let handle = op.clone();
    /// let run = op.run(async |cx| {
    ///     // Two items, and somebody cancels the operation while the third is waited for.
    ///     let third = stream::poll_fn(move |_| {
    ///         handle.cancel_with("enough");
    ///         Poll::Pending
    ///     });
    ///     let source = stream::iter(["a", "b"]).chain(third);
    ///     cx.stream(source).keep_last(10).count().await
    /// });
    /// assert_eq!(smol::block_on(run).unwrap_err().message(), Some("enough"));
    /// let context = op.context();
    /// assert_eq!(context.partial_result::<Kept<&str>>().unwrap().to_vec(), ["a", "b"]);
    /// ```
    pub fn keep_last(mut self, limit: usize) -> Self
    where
        F::Value: Clone + Send + Sync + 'static,
    {
        let kept = Kept::new(limit);
        self.op.keep_partial(kept.clone());
        self.keeper = Some(Keeper::new(kept));
        self
    }

    /// What [`keep_last`](OperationStream::keep_last) keeps, if that was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new();
    /// let run = op.run(async |cx| {
    ///     let items = cx.stream(stream::iter([1, 2, 3])).keep_last(2);
    ///     let kept = items.kept().unwrap();
    ///     items.count().await;
    ///     kept.to_vec()
    /// });
    /// assert_eq!(smol::block_on(run), Ok(vec![2, 3]));
    /// ```
    pub fn kept(&self) -> Option<Kept<F::Value>> {
        self.keeper.as_ref().map(Keeper::kept)
    }

    /// How many items have passed, errors not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().stream(stream::iter(["a", "b"]));
    /// smol::block_on(items.next());
    /// assert_eq!(items.passed(), 1);
    /// ```
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// The source as it is now: what it has not given yet is in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().stream(stream::iter([1, 2, 3]));
    /// smol::block_on(items.next());
    /// let rest: Vec<i32> = smol::block_on(items.into_inner().collect());
    /// assert_eq!(rest, [2, 3]);
    /// ```
    pub fn into_inner(self) -> S {
        self.source
    }

    /// An item, or the end of the source, or why there is none. (That is its end if it may end so.)
    pub(super) fn poll_item(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<S::Item>, Cancelled>> {
        let mut this = self.project();
        if *this.ended {
            return Poll::Ready(Ok(None));
        }
        let mut shielded = false;
        if let Err(cancelled) = this.op.check() {
            *this.wait = None;
            shielded = is_shielded(this.op);
            if !shielded {
                // As a checkpoint does: the runner first, to drop the body.
                if !std::mem::replace(this.seen, true) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                *this.ended = *this.may_end;
                return Poll::Ready(Err(cancelled));
            }
            *this.seen = false;
        }
        ready!(this.in_a_row.poll(cx));
        match this.source.as_mut().poll_next(cx) {
            Poll::Ready(Some(item)) => {
                if let Some(value) = F::value(&item) {
                    if let Some(keeper) = this.keeper {
                        keeper.keep(value); // (S2)
                    }
                    *this.passed += 1;
                    if *this.every != 0 && *this.passed % *this.every == 0 {
                        report(this.op, &*this.source, *this.passed);
                        *this.reported = *this.passed;
                    }
                }
                Poll::Ready(Ok(Some(item)))
            }
            Poll::Ready(None) => {
                *this.ended = true;
                *this.wait = None;
                if *this.every != 0 && *this.reported != *this.passed {
                    this.op.count_progress(*this.passed, *this.passed);
                }
                Poll::Ready(Ok(None))
            }
            Poll::Pending => {
                this.in_a_row.waited();
                if shielded {
                    return Poll::Pending;
                }
                // Wakes this task, which may be another one than the operation's.
                let op = this.op;
                let wait = this
                    .wait
                    .get_or_insert_with(|| Box::pin(op.token().cancelled_owned()));
                if wait.as_mut().poll(cx).is_ready() {
                    *this.wait = None;
                    cx.waker().wake_by_ref(); // to find out by the check
                }
                Poll::Pending
            }
        }
    }
}

/// Whether this is polled in a shield, a cleanup or a callback of `op`, which is cancelled.
#[cold]
fn is_shielded<R: Runtime>(op: &Operation<R>) -> bool {
    let current = current::find::<Operation<R>>();
    current.is_some_and(|current| current.inner.is_shielded_in(op))
}

fn report<S: Stream, R: Runtime>(op: &Operation<R>, source: &S, passed: u64) {
    let total = match source.size_hint() {
        (least, Some(most)) if least == most => passed.saturating_add(most as u64),
        _ => 0,
    };
    op.count_progress(passed, total);
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> Stream for OperationStream<S, R, F> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        match ready!(self.as_mut().poll_item(cx)) {
            Ok(item) => Poll::Ready(item),
            Err(cancelled) if self.ended => Poll::Ready(F::last(cancelled)),
            Err(_) => Poll::Pending, // never an end that looks complete
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self.ended {
            true => (0, Some(0)),
            // It may be cancelled before the next item.
            false => {
                let most = self.source.size_hint().1;
                (0, most.and_then(|most| most.checked_add(F::EXTRA)))
            }
        }
    }
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> FusedStream for OperationStream<S, R, F> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> fmt::Debug for OperationStream<S, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationStream")
            .field("operation", &self.op)
            .field("passed", &self.passed)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
