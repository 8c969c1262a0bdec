//! Streams that end with a token.

use crate::cause::Cancelled;
use crate::token::accept::{AsToken, IntoToken};
use crate::token::base::{Token, TokenRef};
use crate::token::until::Beside;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

/// Methods of every stream that stop it with a token.
///
/// The streams that result wait in a list of the token while they are pending. So they are not `Unpin`:
/// `std::pin::pin!` them (or `Box::pin`) before asking for one item after the other.
///
/// # Examples
///
/// ```
/// use cancel_core::{CancelStreamExt, Token};
/// use futures_util::{StreamExt, stream};
///
/// let token = Token::new();
/// let numbers = stream::iter(1..).map(|n| {
///     if n == 3 {
///         token.cancel();
///     }
///     n
/// });
/// let all: Vec<i32> = smol::block_on(numbers.take_until_cancelled(&token).collect());
/// assert_eq!(all, [1, 2, 3]); // what had been taken when the token was cancelled is delivered
/// ```
pub trait CancelStreamExt: Stream + Sized {
    /// Yields the items of the stream until the token is cancelled: then the stream ends.
    ///
    /// To know why it ended, use [`try_until_cancelled`](CancelStreamExt::try_until_cancelled).
    ///
    /// # Cancel safety
    ///
    /// No item is lost: one that this has taken from the stream is delivered in the same poll, and what
    /// comes after the cancel stays in the stream. To go on with that, give it as `&mut stream` (or
    /// `Pin<&mut _>`).
    ///
    /// # Fairness
    ///
    /// At each poll the token is asked first: once it is cancelled, the stream is not polled again, also
    /// if it is always ready. An item that is ready in the poll during which the token is cancelled
    /// still comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelStreamExt, Token};
    /// use futures_util::{StreamExt, stream};
    ///
    /// let (token, mut numbers) = (Token::new(), stream::iter(1..));
    /// smol::block_on(async {
    ///     let mut some = std::pin::pin!((&mut numbers).take_until_cancelled(&token));
    ///     assert_eq!(some.next().await, Some(1));
    ///     token.cancel();
    ///     assert_eq!(some.next().await, None);
    /// });
    /// assert_eq!(smol::block_on(numbers.next()), Some(2)); // nothing was lost
    /// ```
    #[doc(alias = "take_until")]
    #[inline]
    fn take_until_cancelled<A>(self, token: &A) -> TakeUntilCancelled<Self, &Token>
    where
        A: AsToken + ?Sized,
    {
        TakeUntilCancelled::new(self, token.as_token().open())
    }

    /// Yields the items of the stream until `token` is cancelled: then the stream ends. Keeps the token.
    ///
    /// The result borrows nothing, so it is `'static` if the stream is, and can be spawned.
    ///
    /// # Cancel safety
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Fairness
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelStreamExt, CancelToken};
    /// use futures_util::{StreamExt, stream};
    ///
    /// let token = CancelToken::new();
    /// let items = stream::iter([1, 2]).take_until_cancelled_owned(token.child());
    /// let task = smol::spawn(items.collect::<Vec<_>>());
    /// assert_eq!(smol::block_on(task), [1, 2]);
    /// ```
    #[inline]
    fn take_until_cancelled_owned<T: IntoToken>(
        self,
        token: T,
    ) -> TakeUntilCancelled<Self, T::Ref> {
        TakeUntilCancelled::new(self, token.into_token().open())
    }

    /// Yields the items of the stream, as `Ok`, until the token is cancelled: then one `Err` that says why,
    /// and the end.
    ///
    /// A stream that comes to its own end does so without an `Err`.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], as the last item.
    ///
    /// # Cancel safety
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Fairness
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{Cancelled, CancelStreamExt, Token};
    /// use futures_util::{StreamExt, TryStreamExt, stream};
    ///
    /// let token = Token::new();
    /// smol::block_on(async {
    ///     let sum = stream::iter([1, 2]).try_until_cancelled(&token).try_fold(0, |a, b| async move {
    ///         Ok::<_, Cancelled>(a + b)
    ///     });
    ///     assert_eq!(sum.await, Ok(3));
    ///
    ///     token.cancel_with("enough");
    ///     let items: Vec<_> = stream::iter([1, 2]).try_until_cancelled(&token).collect().await;
    ///     assert_eq!(items.len(), 1);
    ///     assert_eq!(items[0].as_ref().unwrap_err().message(), Some("enough"));
    /// });
    /// ```
    #[inline]
    fn try_until_cancelled<A>(self, token: &A) -> TryUntilCancelled<Self, &Token>
    where
        A: AsToken + ?Sized,
    {
        TryUntilCancelled::new(self, token.as_token().open())
    }

    /// Yields the items of the stream, as `Ok`, until `token` is cancelled: then one `Err` that says why,
    /// and the end. Keeps the token.
    ///
    /// The result borrows nothing, so it is `'static` if the stream is, and can be spawned.
    ///
    /// # Errors
    ///
    /// As [`try_until_cancelled`](CancelStreamExt::try_until_cancelled).
    ///
    /// # Cancel safety
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Fairness
    ///
    /// As [`take_until_cancelled`](CancelStreamExt::take_until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelStreamExt, CancelToken};
    /// use futures_util::{TryStreamExt, stream};
    ///
    /// let token = CancelToken::new();
    /// let items = stream::iter([1, 2]).try_until_cancelled_owned(token.child());
    /// let task = smol::spawn(items.try_collect::<Vec<_>>());
    /// assert_eq!(smol::block_on(task), Ok(vec![1, 2]));
    /// ```
    #[inline]
    fn try_until_cancelled_owned<T: IntoToken>(self, token: T) -> TryUntilCancelled<Self, T::Ref> {
        TryUntilCancelled::new(self, token.into_token().open())
    }
}

impl<S: Stream> CancelStreamExt for S {}

/// What a poll of a stream beside a token comes to.
enum Next<I> {
    Item(I),
    /// The stream's own end, or polled after the end.
    End,
    Cancelled(Cancelled),
}

/// The poll of both streams. `running` is `None` after the end: stream, registration and token are let
/// go of then, not when the whole is dropped.
#[inline]
fn poll_either<S: Stream, T: TokenRef>(
    mut running: Pin<&mut Option<Beside<S, T>>>,
    cx: &mut Context<'_>,
) -> Poll<Next<S::Item>> {
    let Some(beside) = running.as_mut().as_pin_mut() else {
        return Poll::Ready(Next::End);
    };
    let beside = beside.project();
    if !beside.wait.token().is_cancelled() {
        match beside.work.poll_next(cx) {
            Poll::Ready(Some(item)) => return Poll::Ready(Next::Item(item)),
            Poll::Ready(None) => {
                running.set(None);
                return Poll::Ready(Next::End);
            }
            Poll::Pending => {}
        }
    }
    let poll = beside.wait.poll(cx).map(Next::Cancelled);
    if poll.is_ready() {
        running.set(None);
    }
    poll
}

pin_project! {
    /// A stream that ends when a token is cancelled.
    ///
    /// Made by [`CancelStreamExt::take_until_cancelled`]. Fused: after its end it gives `None` again,
    /// and holds neither stream nor token nor registration any more. It is not `Unpin`, because a
    /// [`WaitForCancel`](crate::WaitForCancel) is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelStreamExt, Token};
    /// use futures_util::{StreamExt, stream};
    ///
    /// let token = Token::new();
    /// token.cancel();
    /// let items = stream::iter([1, 2]).take_until_cancelled(&token);
    /// assert_eq!(smol::block_on(items.count()), 0);
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct TakeUntilCancelled<S, T: TokenRef> {
        // `None`: it has ended.
        #[pin]
        running: Option<Beside<S, T>>,
    }
}

impl<S: Stream, T: TokenRef> TakeUntilCancelled<S, T> {
    #[inline]
    fn new(stream: S, token: T) -> Self {
        TakeUntilCancelled {
            running: Some(Beside::new(stream, token)),
        }
    }
}

impl<S: Stream, T: TokenRef> Stream for TakeUntilCancelled<S, T> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        poll_either(self.project().running, cx).map(|next| match next {
            Next::Item(item) => Some(item),
            Next::End | Next::Cancelled(_) => None,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.running {
            Some(Beside { work, wait }) if !wait.token().is_cancelled() => {
                let (least, most) = work.size_hint();
                // It may be cancelled before the next item.
                let may_end = wait.token().may_be_cancelled();
                (if may_end { 0 } else { least }, most)
            }
            _ => (0, Some(0)),
        }
    }
}

impl<S: Stream, T: TokenRef> FusedStream for TakeUntilCancelled<S, T> {
    fn is_terminated(&self) -> bool {
        self.running.is_none()
    }
}

pin_project! {
    /// A stream of which a token's cancelation is the last item.
    ///
    /// Made by [`CancelStreamExt::try_until_cancelled`]. Fused: after its end it gives `None` again, and
    /// holds neither stream nor token nor registration any more. It is not `Unpin`, because a
    /// [`WaitForCancel`](crate::WaitForCancel) is not.
    ///
    /// # Examples
    ///
    /// ```
    /// use cancel_core::{CancelStreamExt, Token};
    /// use futures_util::{StreamExt, stream};
    ///
    /// let token = Token::new();
    /// token.cancel();
    /// let items = stream::iter([1, 2]).try_until_cancelled(&token);
    /// assert_eq!(smol::block_on(items.count()), 1); // the error
    /// ```
    #[must_use = "streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct TryUntilCancelled<S, T: TokenRef> {
        // `None`: it has ended.
        #[pin]
        running: Option<Beside<S, T>>,
    }
}

impl<S: Stream, T: TokenRef> TryUntilCancelled<S, T> {
    #[inline]
    fn new(stream: S, token: T) -> Self {
        TryUntilCancelled {
            running: Some(Beside::new(stream, token)),
        }
    }
}

impl<S: Stream, T: TokenRef> Stream for TryUntilCancelled<S, T> {
    type Item = Result<S::Item, Cancelled>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        poll_either(self.project().running, cx).map(|next| match next {
            Next::Item(item) => Some(Ok(item)),
            Next::End => None,
            Next::Cancelled(cancelled) => Some(Err(cancelled)),
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.running {
            None => (0, Some(0)),
            Some(Beside { wait, .. }) if wait.token().is_cancelled() => (1, Some(1)),
            Some(Beside { work, wait }) if !wait.token().may_be_cancelled() => work.size_hint(),
            Some(Beside { work, .. }) => {
                let (least, most) = work.size_hint();
                // The error may come instead of the next item, or after the last one.
                (least.min(1), most.and_then(|most| most.checked_add(1)))
            }
        }
    }
}

impl<S: Stream, T: TokenRef> FusedStream for TryUntilCancelled<S, T> {
    fn is_terminated(&self) -> bool {
        self.running.is_none()
    }
}
