//! Functions that check before each call.

use crate::support::{LONG, SECOND, Virtual, poll};
use cancel_std::testing::VirtualTime;
use cancel_std::{CancelToken, Cancelable, Cancelled, Reason, Source};
use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::pin;
use std::task::Poll;

/// Token, parent, and a passed deadline, which nobody but the check has seen yet.
#[test]
fn what_is_checked_before_each_call() {
    let clock = Virtual::new();
    let (stop, parent) = (CancelToken::new(), clock.op().build());
    let calls = Cell::new(0);
    let count = || calls.replace(calls.get() + 1);

    let op = clock.op().token(&stop);
    let mut call = op.build().wrap_blocking(count);
    assert_eq!(call(), Ok(0));
    stop.cancel_with(Reason::Shutdown);
    assert_eq!(call().unwrap_err().reason(), Reason::Shutdown);

    let op = clock.op().parent(&parent).build();
    let mut call = op.wrap_blocking(count);
    assert_eq!(call(), Ok(1));
    parent.cancel();
    assert_eq!(call().unwrap_err().reason(), Reason::Parent);
    assert_eq!(calls.take(), 2);

    let op = clock.op().timeout(SECOND);
    let run = op.run(async |cx| {
        let mut plain = cx.wrap_blocking(count);
        let mut fallible = cx.try_wrap_blocking(|| -> Result<u32, Cancelled> { Ok(count()) });
        let mut future = cx.wrap(|| ready(count()));
        assert_eq!(plain(), Ok(0));
        assert_eq!(fallible(), Ok(1));
        assert_eq!(future().await, Ok(2));
        clock.advance(SECOND);
        let refused = future();
        assert_eq!(plain().unwrap_err().reason(), Reason::Timeout);
        assert_eq!(fallible().unwrap_err().reason(), Reason::Timeout);
        assert_eq!(refused.await.unwrap_err().reason(), Reason::Timeout);
    });
    assert_eq!(smol::block_on(run), Ok(()));
    assert_eq!(calls.get(), 3);
}

/// A source that is a future is heard, although no call ever waits.
#[test]
fn sources_get_their_turn() {
    let rung = Cell::new(0);
    let bell = CancelToken::new();
    let heard = bell.clone();
    let op = Cancelable::new().source(Source::future(async move {
        heard.cancelled_owned().await;
        "the bell"
    }));
    let run = op.run(async |cx| {
        let mut call = cx.wrap(|| {
            rung.set(rung.get() + 1);
            if rung.get() == 3 {
                bell.cancel();
            }
            ready(())
        });
        while call().await.is_ok() {}
    });
    assert_eq!(smol::block_on(run).unwrap_err().message(), Some("the bell"));
    // Between the third call and the first poll of its future the source had its turn.
    assert_eq!(rung.get(), 3);
}

/// Cancelled between the call and the first poll of what it returned.
#[test]
fn the_second_check() {
    let op = Cancelable::new().build();
    let polled = Cell::new(false);
    let mut call = op.wrap(async || polled.set(true));
    let mut first = pin!(call());
    assert!(poll(first.as_mut()).is_pending());
    op.cancel_with("meanwhile");
    let Poll::Ready(Err(cancelled)) = poll(first.as_mut()) else {
        panic!("it is refused");
    };
    assert_eq!(cancelled.message(), Some("meanwhile"));
    assert!(!polled.get());
}

/// A call that has begun goes on where nobody drops it; and it is dropped with the body.
#[test]
fn calls_that_have_begun() {
    let op = Cancelable::new().build();
    let mut call = op.wrap(async || smol::future::yield_now().await);
    let mut first = pin!(call());
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(first.as_mut()).is_pending());
    op.cancel();
    assert_eq!(poll(first.as_mut()), Poll::Ready(Ok(())));

    let time = VirtualTime::new();
    let op = time.operation().timeout(LONG);
    let run = op.run(async |cx| cx.wrap(pending::<()>)().await);
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn errors_in_one() {
    #[derive(Debug, PartialEq)]
    enum Error {
        Own(u32),
        Cancelled(Reason),
    }
    impl From<Cancelled> for Error {
        fn from(cancelled: Cancelled) -> Self {
            Error::Cancelled(cancelled.reason())
        }
    }
    let op = Cancelable::new().build();
    let number = Cell::new(0);
    let next = || {
        number.set(number.get() + 1);
        match number.get() {
            n @ (1 | 3) => Ok(n),
            n => Err(Error::Own(n)),
        }
    };
    let mut call = op.try_wrap(async || next());
    let mut blocking = op.try_wrap_blocking(next);
    smol::block_on(async {
        assert_eq!(call().await, Ok(1));
        assert_eq!(blocking(), Err(Error::Own(2)));
        assert_eq!(call().await, Ok(3));
        assert_eq!(call().await, Err(Error::Own(4)));
        op.cancel();
        assert_eq!(call().await, Err(Error::Cancelled(Reason::Manual)));
        assert_eq!(blocking(), Err(Error::Cancelled(Reason::Manual)));
    });
    assert_eq!(number.get(), 4);
}

/// For helpers that spawn what they are given.
#[test]
fn wrapped_functions_can_be_sent() {
    fn sent<W: Future + Send>(mut f: impl FnMut() -> W + Send + 'static) -> W {
        f()
    }
    let op = Cancelable::new().build();
    let call = sent(op.wrap(async || 5));
    assert_eq!(format!("{call:?}").split(' ').next(), Some("Wrapped"));
    assert_eq!(smol::block_on(smol::spawn(call)), Ok(5));
    let op = Cancelable::with_timeout(LONG).build();
    let call = sent(op.try_wrap(async || Ok::<_, Cancelled>(5)));
    assert_eq!(smol::block_on(smol::spawn(call)), Ok(5));
}

#[test]
#[should_panic = "`Wrapped` polled after its end"]
fn polled_after_the_end() {
    let op = Cancelable::new().build();
    op.cancel();
    let mut call = pin!(op.wrap(|| ready(5))());
    assert!(poll(call.as_mut()).is_ready());
    let _ = poll(call.as_mut());
}
