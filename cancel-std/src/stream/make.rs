//! How streams of operations are made.

use super::form::Fallible;
use super::items::OperationStream;
use crate::operation::{Cancelable, Cx, Operation, Runtime};
use cancel_core::Cancelled;
use futures_core::Stream;

impl<R: Runtime> Cx<R> {
    /// The items of `source`, as part of this operation.
    ///
    /// If the operation is cancelled, the body is dropped at the stream, as at any other await. The end of
    /// the stream is always that of `source`: where the body goes on after a cancelation (in a [grace
    /// period](Cancelable::grace), in another task, in a blocking body), the stream stays pending, and so in a
    /// thread that blocks on it, it blocks for ever. Such code, sources that can fail, and bodies that use `?`
    /// take [`try_stream`](Cx::try_stream).
    ///
    /// To go on with the source afterwards, give it as `&mut source` (or `Pin<&mut _>`).
    ///
    /// # Panics
    ///
    /// A poll does, as [`check`](Cx::check), if the deadline has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new();
    /// let run = op.run(async |cx| cx.stream(stream::iter([1, 2, 3])).fold(0, |a, b| a + b).await);
    /// assert_eq!(smol::block_on(run), Ok(6));
    /// ```
    pub fn stream<S: Stream>(&self, source: S) -> OperationStream<S, R> {
        OperationStream::new(self.scope.clone(), source, false)
    }

    /// The results of `source`, as part of this operation: its errors pass through, and the
    /// cancelation, where the body is not dropped, is the last item, as an error of the same type.
    ///
    /// An error does not end it; the source decides whether there is more.
    ///
    /// # Errors
    ///
    /// Those of the source, and [`Cancelled`], converted, as the last item.
    ///
    /// # Panics
    ///
    /// As [`stream`](Cx::stream).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::io::{AsyncBufReadExt, BufReader};
    /// use smol::stream::StreamExt;
    /// use std::io;
    ///
    /// let op = Cancelable::new();
    /// let run = op.try_run(async |cx| -> io::Result<usize> {
    ///     let mut lines = cx.try_stream(BufReader::new(&b"one\ntwo\n"[..]).lines());
    ///     let mut count = 0;
    ///     while let Some(_line) = lines.try_next().await? {
    ///         count += 1;
    ///     }
    ///     Ok(count)
    /// });
    /// assert_eq!(smol::block_on(run).unwrap(), 2);
    /// ```
    pub fn try_stream<S, T, E>(&self, source: S) -> OperationStream<S, R, Fallible>
    where
        S: Stream<Item = Result<T, E>>,
        E: From<Cancelled>,
    {
        OperationStream::new(self.scope.clone(), source, true)
    }
}

impl<R: Runtime> Operation<R> {
    /// Returns the items of `source`, as part of this operation, for a task beside its body. As
    /// [`Cx::stream`], but it ends when the operation is cancelled: then [`check`](Operation::check) tells
    /// whether that was the end of the source. [`try_stream`](Operation::try_stream) says it by its last item.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new().build();
    /// let mut items = op.stream(stream::iter(1..));
    /// assert_eq!(smol::block_on(items.next()), Some(1));
    /// op.cancel();
    /// assert_eq!(smol::block_on(items.next()), None);
    /// ```
    pub fn stream<S: Stream>(&self, source: S) -> OperationStream<S, R> {
        OperationStream::new(self.clone(), source, true)
    }

    /// Returns the results of `source`, as part of this operation, for a task beside its body. As [`Cx::try_stream`].
    ///
    /// # Errors
    ///
    /// As [`Cx::try_stream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    /// use smol::stream::{self, StreamExt};
    ///
    /// let op = Cancelable::new().build();
    /// let mut items = op.try_stream(stream::iter([Ok::<_, Cancelled>(1)]));
    /// op.cancel_with("enough");
    /// let last = smol::block_on(items.next()).unwrap();
    /// assert_eq!(last.unwrap_err().message(), Some("enough"));
    /// ```
    pub fn try_stream<S, T, E>(&self, source: S) -> OperationStream<S, R, Fallible>
    where
        S: Stream<Item = Result<T, E>>,
        E: From<Cancelled>,
    {
        OperationStream::new(self.clone(), source, true)
    }
}

impl<R: Runtime> Cancelable<R> {
    /// Returns the items of `source`, as part of this operation, which is not run otherwise: only tokens and
    /// parents cancel it. As [`Operation::stream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::Cancelable;
    /// use smol::stream::{self, StreamExt};
    ///
    /// let items = Cancelable::new().stream(stream::iter([1, 2, 3])).keep_last(2);
    /// let kept = items.kept().unwrap();
    /// assert_eq!(smol::block_on(items.count()), 3);
    /// assert_eq!(kept.to_vec(), [2, 3]);
    /// ```
    pub fn stream<S: Stream>(self, source: S) -> OperationStream<S, R> {
        OperationStream::new(self.build(), source, true)
    }

    /// Returns the results of `source`, as part of this operation, which is not run otherwise: only tokens and parents cancel it. As [`Cx::try_stream`].
    ///
    /// # Errors
    ///
    /// As [`Cx::try_stream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_std::{Cancelable, Cancelled};
    /// use smol::stream::{self, StreamExt};
    ///
    /// let mut items = Cancelable::new().try_stream(stream::iter([Ok::<_, Cancelled>(1)]));
    /// assert_eq!(smol::block_on(items.next()), Some(Ok(1)));
    /// ```
    pub fn try_stream<S, T, E>(self, source: S) -> OperationStream<S, R, Fallible>
    where
        S: Stream<Item = Result<T, E>>,
        E: From<Cancelled>,
    {
        OperationStream::new(self.build(), source, true)
    }
}
