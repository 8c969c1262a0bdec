//! A13: streams that end with a token.

use cancel_core::{CancelStreamExt, CancelToken, Cancelled, Reason, Token};
use cancel_tests::{Counter, Hooks};
use futures_util::stream::{self, FusedStream, Stream, StreamExt};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn next<S: Stream>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut Context::from_waker(Waker::noop()))
}

/// A channel without a heap to speak of: items are taken by polls, and nothing ends it by itself.
#[derive(Default)]
struct Queue {
    items: RefCell<VecDeque<i32>>,
    waker: RefCell<Option<Waker>>,
    polls: Cell<usize>,
}

impl Queue {
    fn send(&self, item: i32) {
        self.items.borrow_mut().push_back(item);
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Stream for &Queue {
    type Item = i32;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<i32>> {
        self.polls.set(self.polls.get() + 1);
        match self.items.borrow_mut().pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None => {
                *self.waker.borrow_mut() = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[test]
fn items_come_as_they_are_and_the_end_as_well() {
    let token = Token::new();
    smol::block_on(async {
        let taken = stream::iter(0..5).take_until_cancelled(&token);
        assert_eq!(taken.collect::<Vec<_>>().await, [0, 1, 2, 3, 4]);
        let results = stream::iter(0..5).try_until_cancelled(&token);
        let all: Vec<_> = results.collect().await;
        assert_eq!(all, [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4)]);
        let never = stream::iter(0..5).try_until_cancelled(Token::never());
        assert_eq!(never.count().await, 5);
    });
}

/// Cancelled beforehand: the stream is not polled at all.
#[test]
fn cancelled_beforehand() {
    let token = CancelToken::new();
    let child = token.child();
    token.cancel_with((Reason::Shutdown, "before"));
    let queue = Queue::default();
    queue.send(1);
    let mut taken = pin!((&queue).take_until_cancelled(&child));
    let mut results = pin!((&queue).try_until_cancelled_owned(child.clone()));
    for _ in 0..3 {
        assert_eq!(next(taken.as_mut()), Poll::Ready(None));
    }
    let Poll::Ready(Some(Err(cancelled))) = next(results.as_mut()) else {
        panic!("no error")
    };
    assert_eq!(cancelled, child.cause().unwrap());
    assert_eq!(cancelled.root_reason(), Reason::Shutdown);
    for _ in 0..3 {
        assert_eq!(next(results.as_mut()), Poll::Ready(None), "fused");
    }
    assert_eq!(queue.polls.get(), 0);
    assert_eq!(queue.items.borrow().len(), 1);
}

/// What was taken is delivered, what was not is still there: no item is lost.
#[test]
fn no_item_is_lost() {
    let (token, queue) = (Token::new(), Queue::default());
    let received = RefCell::new(Vec::new());
    let source = (&queue).inspect(|item| {
        if *item == 2 {
            token.cancel(); // while the item is on its way
        }
    });
    (1..=4).for_each(|item| queue.send(item));
    let mut taken = pin!(source.take_until_cancelled(&token));
    while let Poll::Ready(Some(item)) = next(taken.as_mut()) {
        received.borrow_mut().push(item);
    }
    assert_eq!(*received.borrow(), [1, 2]);
    assert_eq!(*queue.items.borrow(), [3, 4]);
    // And one after the other, from the same source.
    let token = Token::new();
    let mut rest = pin!((&queue).try_until_cancelled(&token));
    assert_eq!(next(rest.as_mut()), Poll::Ready(Some(Ok(3))));
    token.cancel();
    assert!(matches!(next(rest.as_mut()), Poll::Ready(Some(Err(_)))));
    assert_eq!(next(rest.as_mut()), Poll::Ready(None));
    assert_eq!(*queue.items.borrow(), [4]);
}

/// Dropping a `next` in between, too.
#[test]
fn cancel_safe() {
    let (token, queue) = (Token::new(), Queue::default());
    let mut items = pin!((&queue).try_until_cancelled(&token));
    for n in 0..10 {
        {
            let mut unused = pin!(items.next());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(unused.as_mut().poll(&mut cx).is_pending());
        }
        queue.send(n);
        assert_eq!(next(items.as_mut()), Poll::Ready(Some(Ok(n))));
    }
}

/// At each poll the token is asked first, so a stream that is always ready does not outrun it.
#[test]
fn the_token_comes_first() {
    let (token, queue) = (CancelToken::new(), Queue::default());
    (0..3).for_each(|item| queue.send(item));
    let mut items = pin!((&queue).try_until_cancelled(&token));
    assert_eq!(next(items.as_mut()), Poll::Ready(Some(Ok(0))));
    token.cancel();
    assert!(matches!(next(items.as_mut()), Poll::Ready(Some(Err(_)))));
    assert_eq!(queue.polls.get(), 1);

    let token = CancelToken::new();
    let handle = token.clone();
    let thread = std::thread::spawn(move || handle.cancel_with("enough"));
    let last = smol::block_on(
        stream::repeat(1)
            .try_until_cancelled(&token)
            .fold(None, |_, item| async move { Some(item) }),
    );
    assert_eq!(last.unwrap().unwrap_err().message(), Some("enough"));
    assert!(thread.join().unwrap());
}

/// The poll in which the stream finds its token cancelled is the last one, without another wake-up.
#[test]
fn cancelled_from_inside() {
    let token = Token::new();
    let source = || {
        stream::poll_fn(|_| {
            token.cancel_with("inside");
            Poll::<Option<()>>::Pending
        })
    };
    let mut taken = pin!(source().take_until_cancelled(&token));
    assert_eq!(next(taken.as_mut()), Poll::Ready(None));
}

#[test]
fn woken_by_either_and_registered_once() {
    let (token, queue) = (CancelToken::new(), Queue::default());
    let counter = Counter::new();
    let waker = counter.waker();
    let mut cx = Context::from_waker(&waker);
    let mut items = Box::pin((&queue).take_until_cancelled(&token));
    for n in 0..3 {
        assert!(items.as_mut().poll_next(&mut cx).is_pending());
        queue.send(n);
        assert_eq!(counter.wakes(), 1 + n as usize);
        assert_eq!(items.as_mut().poll_next(&mut cx), Poll::Ready(Some(n)));
    }
    assert!(items.as_mut().poll_next(&mut cx).is_pending());
    token.cancel();
    assert_eq!(counter.wakes(), 4);
    assert_eq!(items.as_mut().poll_next(&mut cx), Poll::Ready(None));
    queue.waker.take();
    drop(items);
    drop(waker);
    assert_eq!(Arc::strong_count(&counter), 1, "a waker was left");
}

/// At its end a stream lets go of its token, and of its waker, although it is kept.
#[test]
fn nothing_is_held_after_the_end() {
    let root = CancelToken::new();
    let counter = Counter::new();
    for own_end in [true, false] {
        let token = root.child();
        let gate = Cell::new(false);
        let source = stream::poll_fn(|_| match gate.get() {
            true => Poll::Ready(None::<()>),
            false => Poll::Pending,
        });
        let mut items = Box::pin(source.try_until_cancelled_owned(token.clone()));
        let waker = counter.waker();
        let mut cx = Context::from_waker(&waker);
        assert!(items.as_mut().poll_next(&mut cx).is_pending());
        assert!(!items.is_terminated());
        match own_end {
            true => gate.set(true),
            false => assert!(token.cancel()),
        }
        let last = items.as_mut().poll_next(&mut cx);
        match own_end {
            true => assert_eq!(last, Poll::Ready(None)),
            false => assert!(matches!(last, Poll::Ready(Some(Err(_))))),
        }
        assert!(items.is_terminated());
        drop(waker);
        assert_eq!(Arc::strong_count(&counter), 1, "a waker was left");
        token.cancel();
        assert_eq!(next(items.as_mut()), Poll::Ready(None));
    }
}

#[test]
fn size_hints() {
    let token = Token::new();
    let endless = || stream::repeat(1);
    let three = || stream::iter(0..3);
    let never = Token::never();
    assert_eq!(
        three().take_until_cancelled(&token).size_hint(),
        (0, Some(3))
    );
    assert_eq!(
        three().take_until_cancelled(never).size_hint(),
        (3, Some(3))
    );
    assert_eq!(
        three().try_until_cancelled(&token).size_hint(),
        (1, Some(4))
    );
    assert_eq!(three().try_until_cancelled(never).size_hint(), (3, Some(3)));
    let hint = stream::iter(0..0).try_until_cancelled(&token).size_hint();
    assert_eq!(hint, (0, Some(1)));
    let hint = endless().try_until_cancelled(&token).size_hint();
    assert_eq!(hint, (1, None));
    token.cancel();
    assert_eq!(
        three().take_until_cancelled(&token).size_hint(),
        (0, Some(0))
    );
    assert_eq!(
        three().try_until_cancelled(&token).size_hint(),
        (1, Some(1))
    );
    let mut over = pin!(three().try_until_cancelled(&token));
    let _ = next(over.as_mut());
    assert_eq!(over.size_hint(), (0, Some(0)));
    // Hints that are as large as can be do not overflow.
    struct Huge;
    impl Stream for Huge {
        type Item = ();
        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
            Poll::Pending
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, Some(usize::MAX))
        }
    }
    let token = Token::new();
    assert_eq!(Huge.try_until_cancelled(&token).size_hint(), (1, None));
}

#[test]
fn fused_in_select() {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let seen = smol::block_on(async {
        let mut one = pin!(stream::iter([1]).take_until_cancelled(&token));
        let mut two = pin!(stream::pending::<()>().try_until_cancelled(&other));
        let mut seen = Vec::new();
        loop {
            futures_util::select! {
                item = one.next() => match item {
                    Some(_) => seen.push("one"),
                    None => { other.cancel(); }
                },
                item = two.next() => match item {
                    Some(_) => seen.push("cancelled"),
                    None => unreachable!("`select!` does not poll it any more"),
                },
                complete => break seen,
            }
        }
    });
    assert_eq!(seen, ["one", "cancelled"]);
}

/// Wakers that act, from each place in which they are called.
#[test]
fn wakers_that_act() {
    let token = CancelToken::new();
    let on_wake = token.clone();
    let (waker, hooks) = Hooks::new()
        .on_wake(move || assert!(!on_wake.cancel()))
        .waker();
    let mut items = Box::pin(stream::pending::<()>().try_until_cancelled(&token));
    let mut cx = Context::from_waker(&waker);
    assert!(items.as_mut().poll_next(&mut cx).is_pending());
    token.cancel();
    assert_eq!(hooks.wakes(), 1);
    assert!(matches!(next(items.as_mut()), Poll::Ready(Some(Err(_)))));
    drop(items);

    // Cancels when it is dropped, which is when the stream takes another waker.
    let token = CancelToken::new();
    let handle = token.clone();
    let (waker, hooks) = Hooks::new()
        .on_drop(move || {
            handle.cancel();
        })
        .waker();
    let counter = Counter::new();
    let mut items = Box::pin(stream::pending::<()>().try_until_cancelled(&token));
    let mut cx = Context::from_waker(&waker);
    assert!(items.as_mut().poll_next(&mut cx).is_pending());
    let second = counter.waker();
    let mut cx = Context::from_waker(&second);
    assert!(items.as_mut().poll_next(&mut cx).is_pending());
    assert_eq!((hooks.drops(), counter.wakes()), (1, 1));
    assert!(matches!(next(items.as_mut()), Poll::Ready(Some(Err(_)))));
}

#[test]
fn a_waker_whose_clone_panics() {
    let token = CancelToken::new();
    let (waker, _hooks) = Hooks::new()
        .on_clone(|| std::panic::resume_unwind(Box::new("clone")))
        .waker();
    let mut items = Box::pin(stream::pending::<()>().try_until_cancelled(&token));
    let poll = || {
        let mut cx = Context::from_waker(&waker);
        let _ = items.as_mut().poll_next(&mut cx);
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)).unwrap_err();
    assert!(next(items.as_mut()).is_pending());
    token.cancel();
    assert!(matches!(next(items.as_mut()), Poll::Ready(Some(Err(_)))));
}

/// Forgotten in a box, it does no harm to its token.
#[test]
fn forgotten() {
    let token = Box::new(Token::new());
    let mut items = Box::pin(stream::pending::<()>().take_until_cancelled(&token));
    assert!(next(items.as_mut()).is_pending());
    std::mem::forget(items);
    let moved: Token = *token;
    assert!(moved.cancel());
}

/// Both forms can go to other threads, and be named.
#[test]
fn names_and_bounds() {
    use cancel_core::{TakeUntilCancelled, TryUntilCancelled};
    fn sendable<T: Send + Sync + std::fmt::Debug + 'static>(_: &T) {}
    type Items = stream::Iter<std::array::IntoIter<i32, 2>>;
    let token = CancelToken::new();
    let one: TakeUntilCancelled<Items, CancelToken> =
        stream::iter([1, 2]).take_until_cancelled_owned(token.clone());
    let two: TryUntilCancelled<Items, CancelToken> =
        stream::iter([1, 2]).try_until_cancelled_owned(token.clone());
    sendable(&one);
    sendable(&two);
    let sum = smol::block_on(smol::spawn(one.fold(0, |a, b| async move { a + b })));
    assert_eq!(sum, 3);
    let all: Vec<Result<i32, Cancelled>> = smol::block_on(smol::spawn(two.collect()));
    assert_eq!(all, [Ok(1), Ok(2)]);
}

/// What is a future as well as a stream, as `Timer` of async-io, has the methods of both by their names.
#[test]
fn x63_a_future_that_is_a_stream() {
    use cancel_core::CancelFutureExt;

    let token = CancelToken::new();
    token.cancel();
    let timer = smol::Timer::never;
    let as_future = smol::block_on(timer().until_cancelled(&token));
    assert_eq!(as_future.err(), token.cause());
    assert!(smol::block_on(timer().until_cancelled_owned(token.clone())).is_err());
    let ends = smol::block_on(timer().take_until_cancelled(&token).count());
    let fails = smol::block_on(timer().try_until_cancelled(&token).count());
    let owned = smol::block_on(timer().try_until_cancelled_owned(token).count());
    assert_eq!((ends, fails, owned), (0, 1, 1));
}
