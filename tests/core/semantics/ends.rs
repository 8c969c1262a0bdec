//! What futures and streams let go of when they end, and how they answer afterwards.

use cancel_core::{
    CancelFutureExt, CancelStreamExt, CancelToken, Instant, Reason, TimeoutExt, Timer, TimerError,
    Token,
};
use cancel_tests::Counter;
use futures_util::future::FusedFuture;
use futures_util::stream::{self, FusedStream};
use futures_util::{FutureExt, Stream, StreamExt};
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A future that shows by its count whether it is still there.
struct Work {
    _held: Arc<()>,
    polls_left: usize,
}

impl Work {
    fn new(polls_left: usize) -> (Self, Arc<()>) {
        let held = Arc::new(());
        let work = Work {
            _held: held.clone(),
            polls_left,
        };
        (work, held)
    }
}

impl Future for Work {
    type Output = u32;
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        match self.polls_left.checked_sub(1) {
            None => Poll::Ready(7),
            Some(left) => {
                self.polls_left = left;
                Poll::Pending
            }
        }
    }
}

/// The same as a stream without items.
struct Items(Work);

impl Stream for Items {
    type Item = u32;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        Pin::new(&mut self.0).poll(cx).map(|_| None)
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Both forms, both ends, at the first poll and later: polled by reference, the future inside is gone
/// when the poll returns, and so is the registration.
#[test]
fn x38_until_cancelled_drops_its_future_when_it_resolves() {
    for owned in [false, true] {
        for cancelled in [false, true] {
            for pends in [0, 1] {
                let token = CancelToken::new();
                let counter = Counter::new();
                let waker = counter.waker();
                let cx = &mut Context::from_waker(&waker);
                let (work, held) = Work::new(if cancelled { 9 } else { pends });
                let mut run: Pin<Box<dyn FusedFuture<Output = Result<u32, _>>>> = match owned {
                    false => Box::pin(work.until_cancelled(&token)),
                    true => Box::pin(work.until_cancelled_owned(token.clone())),
                };
                for _ in 0..pends {
                    assert!(run.as_mut().poll(cx).is_pending());
                }
                assert!(!run.is_terminated() && Arc::strong_count(&held) == 2);
                if cancelled {
                    token.cancel();
                }
                let Poll::Ready(result) = run.as_mut().poll(cx) else {
                    panic!("pending: {owned} {cancelled} {pends}")
                };
                assert_eq!(result.is_err(), cancelled);
                assert_eq!(Arc::strong_count(&held), 1, "{owned} {cancelled} {pends}");
                assert!(run.is_terminated());
                // The waker is kept by nobody: not by the future, and not by the token.
                let kept = Arc::strong_count(&counter) - 2;
                assert_eq!(kept, 0, "{owned} {cancelled} {pends}");
                assert!(panics(|| drop(run.as_mut().poll(cx))));
                assert_eq!(token.cancel(), !cancelled);
                assert_eq!(counter.wakes(), usize::from(cancelled && pends == 1));
            }
        }
    }
}

/// An owned form gives its handle back, so a token that nobody else has is gone.
#[test]
fn x38_an_owned_token_is_let_go_of_at_the_end() {
    let parent = CancelToken::new();
    let token = CancelToken::new();
    let follower = CancelToken::all([&token, &parent]);
    let mut run = pin!(ready(5).until_cancelled_owned(token));
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(5)));
    parent.cancel();
    // `token` can never be cancelled any more, so this cannot either.
    assert!(!follower.is_cancelled());
}

#[test]
fn x38_by_mutable_reference_in_an_async_block() {
    let (token, (work, held)) = (CancelToken::new(), Work::new(usize::MAX));
    smol::block_on(async {
        let mut run = pin!(work.until_cancelled(&token));
        assert!(run.as_mut().now_or_never().is_none());
        token.cancel_with("stop");
        let stopped = run.as_mut().await.unwrap_err();
        assert_eq!(Arc::strong_count(&held), 1, "while `run` is in scope");
        assert_eq!(stopped.message(), Some("stop"));
    });
}

#[test]
fn x38_streams_let_go_of_what_they_stream() {
    for cancelled in [false, true] {
        let token = CancelToken::new();
        let cx = &mut Context::from_waker(Waker::noop());
        let pends = if cancelled { 9 } else { 1 };
        let ((one, held_1), (two, held_2)) = (Work::new(pends), Work::new(pends));
        let mut take = pin!(Items(one).take_until_cancelled(&token));
        let mut until = pin!(Items(two).try_until_cancelled_owned(token.clone()));
        assert!(take.as_mut().poll_next(cx).is_pending());
        assert!(until.as_mut().poll_next(cx).is_pending());
        assert!(!take.is_terminated() && !until.is_terminated());
        if cancelled {
            token.cancel();
            let last = until.as_mut().poll_next(cx);
            assert!(matches!(last, Poll::Ready(Some(Err(_)))));
        }
        assert_eq!(until.as_mut().poll_next(cx), Poll::Ready(None));
        assert_eq!(take.as_mut().poll_next(cx), Poll::Ready(None));
        assert_eq!(
            (Arc::strong_count(&held_1), Arc::strong_count(&held_2)),
            (1, 1)
        );
        assert!(take.is_terminated() && until.is_terminated());
        assert_eq!(take.as_mut().poll_next(cx), Poll::Ready(None), "fused");
        assert_eq!(until.as_mut().poll_next(cx), Poll::Ready(None), "fused");
    }
}

/// What is lent stays with its owner.
#[test]
fn x38_a_stream_that_is_lent_goes_on_afterwards() {
    let (token, mut numbers) = (Token::new(), stream::iter(1..));
    smol::block_on(async {
        let mut some = pin!((&mut numbers).take_until_cancelled(&token));
        assert_eq!(some.next().await, Some(1));
        token.cancel();
        assert_eq!(some.next().await, None);
    });
    assert_eq!(smol::block_on(numbers.next()), Some(2));
}

/// `futures::select!` asks for `FusedFuture`.
#[test]
fn x63_until_cancelled_in_a_select_loop() {
    let token = CancelToken::new();
    let numbers = [smol::block_on(async {
        let mut one = pin!(ready(1).until_cancelled(&token));
        let mut two = pin!(pending::<u32>().until_cancelled(&token));
        let mut seen = Vec::new();
        loop {
            futures_util::select! {
                n = one => {
                    seen.push(n.is_ok());
                    token.cancel();
                }
                n = two => seen.push(n.is_ok()),
                complete => break seen,
            }
        }
    })];
    assert_eq!(numbers, [[true, false]]);
}

/// A clock that stands still, with sleeps that show whether they are there.
struct Still(Arc<()>);

/// Pending, or over from the start.
struct Sleep(bool, Option<Arc<()>>);

impl Timer for Still {
    type Sleep = Sleep;
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
    fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep(at == Instant::EPOCH, Some(self.0.clone()))
    }
}

impl Future for Sleep {
    type Output = Result<(), TimerError>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(self.1.is_some());
        if self.0 {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

#[test]
fn x63_a_timeout_is_fused_unpin_and_lets_go() {
    fn unpin<T: Unpin>(value: T) -> T {
        value
    }
    for late in [false, true] {
        let (clock, (work, held)) = (Still(Arc::new(())), Work::new(usize::from(late)));
        let limit = Duration::from_secs(u64::from(!late));
        let mut run = unpin(work.timeout(&clock, limit));
        assert!(!run.is_terminated() && Arc::strong_count(&clock.0) == 2);
        let Poll::Ready(result) = poll(Pin::new(&mut run)) else {
            panic!("pending")
        };
        assert_eq!(
            result.map_err(|why| why.reason()),
            if late { Err(Reason::Timeout) } else { Ok(7) }
        );
        assert!(run.is_terminated());
        assert_eq!(
            (Arc::strong_count(&held), Arc::strong_count(&clock.0)),
            (1, 1)
        );
        assert!(panics(|| drop(poll(Pin::new(&mut run)))));
    }
}
