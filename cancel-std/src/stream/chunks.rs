//! Streams of an operation, in chunks.

use super::form::{Form, Plain};
use super::items::OperationStream;
use crate::operation::{Operation, Runtime};
use futures_core::{FusedStream, Stream};
use pin_project::{pin_project, pinned_drop};
use std::fmt;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

impl<S: Stream, R: Runtime, F: Form<S::Item>> OperationStream<S, R, F> {
    /// The items in chunks of `size`, with the rest in a smaller one at the end. Zero counts as one.
    ///
    /// A chunk is handed out when it is full, when the source ends or fails, and when the operation is
    /// cancelled and the body goes on. If the body is dropped while a chunk is being filled, its items are
    /// not lost: they are the operation's [undelivered](crate::Context::undelivered) ones, of which the last
    /// 1024 or so are kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new();
    /// let run = op.run(async |cx| {
    ///     let chunks = cx.stream(stream::iter(1..=5)).chunks(2);
    ///     chunks.collect::<Vec<_>>().await
    /// });
    /// assert_eq!(smol::block_on(run).unwrap(), [vec![1, 2], vec![3, 4], vec![5]]);
    /// ```
    pub fn chunks(self, size: usize) -> OperationChunks<S, R, F>
    where
        F::Value: Send + Sync + 'static,
    {
        OperationChunks::new(self, size)
    }
}

/// The items of a stream of an operation in chunks: `Vec<T>`, or `Result<Vec<T>, E>` if it is a
/// [`try_stream`](crate::Cx::try_stream). Made by [`OperationStream::chunks`].
///
/// An error comes after the items before it, which are a chunk of their own. Fused: after its end it
/// gives `None` again.
///
/// # Cancel safety
///
/// Cancel safe: dropping a `next` loses nothing. What lies in a chunk when the stream itself is dropped
/// is [undelivered](crate::Context::undelivered); if its operation has ended by then, it is lost.
///
/// # Examples
///
/// ```
/// use cancel_std::Cancelable;
/// use smol::stream::{self, StreamExt};
/// use std::time::Duration;
///
/// let op = Cancelable::with_timeout(Duration::from_secs(3600)).build();
/// let run = op.run(async |cx| {
///     let source = stream::iter(1..=5).chain(stream::poll_fn(|_| {
///         cx.operation().set_timeout(Duration::ZERO); // there is no sixth item in time
///         std::task::Poll::Pending
///     }));
///     let mut chunks = cx.stream(source).chunks(3);
///     while let Some(chunk) = chunks.next().await {
///         println!("{chunk:?}"); // [1, 2, 3], and then the time is over
///     }
/// });
/// smol::block_on(run).unwrap_err();
/// let context = op.context();
/// assert_eq!(context.undelivered::<i32>().collect::<Vec<_>>(), [&4, &5]);
/// ```
#[must_use = "streams do nothing unless polled"]
#[pin_project(PinnedDrop)]
pub struct OperationChunks<S: Stream, R: Runtime, F: Form<S::Item> = Plain> {
    #[pin]
    stream: OperationStream<S, R, F>,
    size: usize,
    items: Vec<F::Value>,
    /// An error that comes after them.
    after: Option<F::Chunk>,
    give_back: fn(&Operation<R>, Vec<F::Value>),
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> OperationChunks<S, R, F> {
    pub(super) fn new(stream: OperationStream<S, R, F>, size: usize) -> Self
    where
        F::Value: Send + Sync + 'static,
    {
        let size = size.max(1);
        if let Some(keeper) = &stream.keeper {
            keeper.at_least(size);
        }
        OperationChunks {
            stream,
            size,
            items: Vec::new(),
            after: None,
            give_back: |op, items| op.keep_undelivered(items),
        }
    }
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> Stream for OperationChunks<S, R, F> {
    type Item = F::Chunk;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Chunk>> {
        let mut this = self.project();
        if let Some(error) = this.after.take() {
            return Poll::Ready(Some(error));
        }
        loop {
            let last = match ready!(this.stream.as_mut().poll_item(cx)) {
                Ok(Some(item)) => match F::split(item) {
                    Ok(value) => {
                        this.items.push(value);
                        if this.items.len() < *this.size {
                            continue;
                        }
                        None
                    }
                    Err(error) => Some(error),
                },
                Ok(None) => None,
                // Nothing but what is held already.
                Err(_) if !this.stream.ended && this.items.is_empty() => return Poll::Pending,
                Err(_) if !this.stream.ended => None,
                Err(cancelled) => F::last_chunk(cancelled),
            };
            if this.items.is_empty() {
                return Poll::Ready(last);
            }
            *this.after = last;
            return Poll::Ready(Some(F::pack(take(this.items))));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // No more than items, and the rest.
        let most = self.stream.size_hint().1;
        let held = usize::from(!self.items.is_empty()) + usize::from(self.after.is_some());
        (0, most.and_then(|most| most.checked_add(held)))
    }
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> FusedStream for OperationChunks<S, R, F> {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated() && self.after.is_none()
    }
}

#[pinned_drop]
impl<S: Stream, R: Runtime, F: Form<S::Item>> PinnedDrop for OperationChunks<S, R, F> {
    fn drop(self: Pin<&mut Self>) {
        let this = self.project();
        let items = take(this.items);
        if !items.is_empty() {
            (this.give_back)(this.stream.project().op, items); // (S1)
        }
    }
}

impl<S: Stream, R: Runtime, F: Form<S::Item>> fmt::Debug for OperationChunks<S, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationChunks")
            .field("stream", &self.stream)
            .field("size", &self.size)
            .field("held", &self.items.len())
            .finish_non_exhaustive()
    }
}
