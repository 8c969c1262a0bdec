//! A5, A12: waiting, and running until then.

use cancel_core::{CancelFutureExt, CancelToken, Cause, Reason, Scope, Token};
use cancel_tests::{Counter, Hooks};
use futures_util::future::FusedFuture;
use std::cell::Cell;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn resolves_to_the_cause_again_and_again() {
    let token = CancelToken::new();
    let child = token.child();
    let (mut borrowed, mut owned) = (pin!(child.cancelled()), pin!(child.cancelled_owned()));
    assert!(poll(borrowed.as_mut()).is_pending() && poll(owned.as_mut()).is_pending());
    assert!(!borrowed.is_terminated() && !owned.is_terminated());
    token.cancel_with((Reason::Timeout, "over"));
    assert!(!borrowed.is_terminated(), "not polled since");
    for _ in 0..3 {
        assert_eq!(poll(borrowed.as_mut()), Poll::Ready(child.cause().unwrap()));
        assert_eq!(poll(owned.as_mut()), Poll::Ready(child.cause().unwrap()));
        assert!(borrowed.is_terminated() && owned.is_terminated());
    }
}

#[test]
fn fused_in_select() {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    token.cancel();
    let seen = smol::block_on(async {
        let (mut one, mut two) = (pin!(token.cancelled()), pin!(other.cancelled()));
        let mut seen = Vec::new();
        for _ in 0..2 {
            futures_util::select! {
                _ = one => { seen.push(1); other.cancel(); }
                _ = two => seen.push(2),
            }
        }
        seen
    });
    assert_eq!(seen, [1, 2]);
}

#[test]
fn never_is_pending_and_keeps_no_waker() {
    for token in [Token::never(), &CancelToken::never()] {
        let counter = Counter::new();
        let mut wait = pin!(token.cancelled());
        let waker = counter.waker();
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        assert_eq!(Arc::strong_count(&counter), 1);
        assert!(!wait.is_terminated());
    }
}

#[test]
fn many_waiters_are_woken_once_each() {
    for waiters in [1, 2, 31, 32, 33, 64, 65, 1000] {
        let token = CancelToken::new();
        let counters: Vec<_> = (0..waiters).map(|_| Counter::new()).collect();
        let mut waits = Vec::new();
        for counter in &counters {
            let mut wait = Box::pin(token.cancelled());
            let waker = counter.waker();
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            waits.push(wait);
        }
        token.cancel();
        assert!(counters.iter().all(|counter| counter.wakes() == 1));
        assert!(waits.iter_mut().all(|wait| poll(wait.as_mut()).is_ready()));
    }
}

#[test]
fn the_last_waker_counts() {
    let token = CancelToken::new();
    let counters = [Counter::new(), Counter::new(), Counter::new()];
    let mut wait = pin!(token.cancelled());
    for counter in &counters {
        for _ in 0..2 {
            let waker = counter.waker();
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
    }
    token.cancel();
    assert_eq!(counters.map(|counter| counter.wakes()), [0, 0, 1]);
}

/// The same waker again is not cloned again.
#[test]
fn polls_with_the_same_waker_are_cheap() {
    let token = CancelToken::new();
    let (waker, hooks) = Hooks::new().waker();
    let mut wait = Box::pin(token.cancelled());
    for _ in 0..10 {
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    assert_eq!((hooks.clones(), hooks.drops()), (1, 0));
    drop(wait);
    assert_eq!((hooks.drops(), hooks.alive()), (1, 1));
    let mut ready = pin!(token.run_until_cancelled(ready(())));
    assert!(
        ready
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
    );
    assert_eq!(hooks.clones(), 1, "ready at once: nothing is registered");
}

#[test]
fn the_body_of_a_cancelled_token_is_never_polled() {
    let token = CancelToken::new();
    token.cancel_with("before");
    let body = || poll_fn::<(), _>(|_| panic!("polled"));
    let results = [
        smol::block_on(token.run_until_cancelled(body())),
        smol::block_on(body().until_cancelled(&token)),
        smol::block_on(body().until_cancelled_owned(token.clone())),
        smol::block_on(body().until_cancelled_owned(token.child())),
    ];
    for result in results {
        assert_eq!(result.unwrap_err().message(), Some("before"));
    }
    // Cancelled between making and the first poll.
    let token = CancelToken::new();
    let mut run = pin!(body().until_cancelled(&token));
    token.cancel();
    assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
}

/// When both happen between two polls, the token is asked first.
#[test]
fn a_cancel_between_two_polls_comes_first() {
    let (token, done) = (CancelToken::new(), Cell::new(false));
    let body = || {
        poll_fn(|_| match done.get() {
            true => Poll::Ready(5),
            false => Poll::Pending,
        })
    };
    let mut both = pin!(token.run_until_cancelled(body()));
    assert!(poll(both.as_mut()).is_pending());
    done.set(true);
    token.cancel();
    assert_eq!(
        poll(both.as_mut()),
        Poll::Ready(Err(token.cause().unwrap()))
    );
}

/// The body cancels its own token in a poll: completion in that poll wins, else it ends now.
#[test]
fn cancelled_from_inside() {
    let token = CancelToken::new();
    let mut run = pin!(token.run_until_cancelled(async { token.cancel() }));
    assert_eq!(poll(run.as_mut()), Poll::Ready(Ok(true)));

    let token = CancelToken::new();
    let mut run = pin!(token.run_until_cancelled(async {
        token.cancel();
        pending::<()>().await;
    }));
    assert!(
        matches!(poll(run.as_mut()), Poll::Ready(Err(_))),
        "no wake-up may be lost here"
    );
}

#[test]
fn woken_by_either() {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let counter = Counter::new();
    let waker = counter.waker();
    let mut cx = Context::from_waker(&waker);
    let mut run = Box::pin(other.cancelled().until_cancelled(&token));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    token.cancel_with("token");
    assert_eq!(counter.wakes(), 1);
    let Poll::Ready(Err(cancelled)) = run.as_mut().poll(&mut cx) else {
        panic!("not cancelled")
    };
    assert_eq!(cancelled.message(), Some("token"));
    drop(run);

    let token = CancelToken::new();
    let mut run = Box::pin(other.cancelled().until_cancelled(&token));
    assert!(run.as_mut().poll(&mut cx).is_pending());
    drop(run);
    token.cancel();
    other.cancel();
    assert_eq!(counter.wakes(), 1, "dropped, so neither wakes it");
}

/// Dropping a wait and making another one loses nothing.
#[test]
fn cancel_safe() {
    let token = CancelToken::new();
    let handle = token.clone();
    let canceller = std::thread::spawn(move || handle.cancel_with("thread"));
    let cancelled = smol::block_on(async {
        loop {
            let mut wait = pin!(token.cancelled());
            if let Poll::Ready(cancelled) = futures_util::poll!(wait.as_mut()) {
                break cancelled;
            }
            smol::future::yield_now().await;
        }
    });
    assert_eq!(cancelled.message(), Some("thread"));
    assert!(canceller.join().unwrap());
}

#[test]
fn owned_waits_run_anywhere() {
    let token = CancelToken::new();
    let wait = smol::spawn(token.child().cancelled_owned());
    let run = smol::spawn(pending::<()>().until_cancelled_owned(token.child().child()));
    token.cancel_with("all");
    assert!(!token.cancel());
    // Their tokens' handles are in the futures, so they were children still.
    let (wait, run) = (smol::block_on(wait), smol::block_on(run));
    assert_eq!(wait.message(), Some("all"));
    assert_eq!(run.unwrap_err().message(), Some("all"));
}

#[test]
fn a_cancelled_token_keeps_the_body_from_being_polled_again() {
    let token = CancelToken::new();
    let mut polls = 0;
    let body = std::future::poll_fn(|_| {
        polls += 1;
        Poll::<()>::Pending
    });
    {
        let mut run = pin!(token.run_until_cancelled(body));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(run.as_mut().poll(&mut cx).is_pending());
        token.cancel();
        assert!(run.as_mut().poll(&mut cx).is_ready());
    }
    assert_eq!(polls, 1);
}

#[test]
fn a_source_ends_a_run_under_a_token_that_is_never_cancelled() {
    let cause = Cause::from((Reason::Timeout, "time is up"));
    let run = Scope::new(Token::never(), pending::<()>()).source(std::future::ready(cause));
    let cancelled = smol::block_on(run).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert_eq!(cancelled.message(), Some("time is up"));
    assert!(!Token::never().is_cancelled());
}
