//! Rows of waiting for a cancel that does not come, and of what else registers with a token.
//!
//! The waker is `Waker::noop()`: what is measured is the token's work, not the executor's.

use std::future::{Future, pending, ready};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use almost_enough::{ChildStopper, StopExt};
use cancel_core::{CancelFutureExt, CancelToken};
use futures_util::future::abortable;
use stop_token::future::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::create::{allocation, arc_clone, mutex, paired};
use crate::harness::{Contestant, Row, looped};
use crate::peers::{
    ALLOCATION, ALMOST_ENOUGH, FUTURES_ABORT, Flagged, OURS, Reset, STOP_TOKEN, Stop, TOKIO_UTIL,
    Token, Wait,
};

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "cancelled() create + poll + drop, 1 thread",
        reference: TOKIO_UTIL,
        build: wait_one_thread,
    },
    Row {
        name: "cancelled() create + poll + drop, 2 threads",
        reference: TOKIO_UTIL,
        build: wait_two_threads,
    },
    Row {
        name: "re-poll, same waker",
        reference: TOKIO_UTIL,
        build: poll_again,
    },
    Row {
        name: "until_cancelled of a ready future",
        reference: TOKIO_UTIL,
        build: until_ready,
    },
    Row {
        name: "until_cancelled of a future that pends once",
        reference: TOKIO_UTIL,
        build: until_pends_once,
    },
    Row {
        name: "callback registered and dropped",
        reference: ALLOCATION,
        build: callback,
    },
    Row {
        name: "any of 2, create + drop",
        reference: ALLOCATION,
        build: any_of_two,
    },
];

/// Polls once with the waker that does nothing.
#[inline(always)]
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[inline(always)]
fn wait_once<T: Wait>(token: &T) {
    let mut waiting = pin!(token.wait());
    black_box(poll(waiting.as_mut()).is_pending());
}

fn wait_one_thread(_: &Env) -> Vec<Contestant> {
    fn wait<T: Wait>() -> Contestant {
        let token = T::new();
        looped(T::NAME, move || wait_once(black_box(&token)))
    }
    vec![
        wait::<CancelToken>(),
        wait::<CancellationToken>(),
        wait::<Stop>(),
        wait::<Flagged>(),
        wait::<Reset>(),
        mutex(),
    ]
}

fn wait_two_threads(env: &Env) -> Vec<Contestant> {
    fn wait<T: Wait>(env: &Env) -> Contestant {
        let token = T::new();
        let work = move |operations| {
            for _ in 0..operations {
                wait_once(black_box(&token));
            }
        };
        paired(T::NAME, &env.duo, Arc::new(work))
    }
    vec![
        wait::<CancelToken>(env),
        wait::<CancellationToken>(env),
        wait::<Stop>(env),
        wait::<Flagged>(env),
        wait::<Reset>(env),
    ]
}

fn polling<F: Future>(mut future: Pin<&mut F>, polls: u64) -> std::time::Duration {
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(cx).is_pending());
    let start = Instant::now();
    for _ in 0..polls {
        black_box(future.as_mut().poll(cx).is_pending());
    }
    start.elapsed()
}

fn poll_again(_: &Env) -> Vec<Contestant> {
    fn wait<T: Wait>() -> Contestant {
        let token = T::new();
        let sampler = move |units| polling(pin!(token.wait()), units);
        Contestant {
            name: T::NAME,
            per_unit: 1,
            sampler: Box::new(sampler),
        }
    }
    let abort = |units| polling(pin!(abortable(pending::<()>()).0), units);
    vec![
        wait::<CancelToken>(),
        wait::<CancellationToken>(),
        wait::<Stop>(),
        wait::<Flagged>(),
        wait::<Reset>(),
        Contestant {
            name: FUTURES_ABORT,
            per_unit: 1,
            sampler: Box::new(abort),
        },
    ]
}

/// Pending at the first poll, ready at the second.
pub(crate) struct PendsOnce(pub(crate) bool);

impl Future for PendsOnce {
    type Output = u64;
    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if self.0 {
            return Poll::Ready(1);
        }
        self.0 = true;
        Poll::Pending
    }
}

#[inline(always)]
pub(crate) fn finish<F: Future>(future: F, pends: u32) {
    let mut future = pin!(future);
    for _ in 0..pends {
        black_box(poll(future.as_mut()).is_pending());
    }
    black_box(poll(future.as_mut()).is_ready());
}

/// The same for both rows: what to run, and how often it pends.
fn until<F: Future + 'static>(body: fn() -> F, pends: u32) -> Vec<Contestant> {
    let ours = CancelToken::new();
    let tokio_util = CancellationToken::new();
    let Stop { source, token } = Stop::new();
    vec![
        looped(OURS, move || {
            finish(body().until_cancelled(black_box(&ours)), pends)
        }),
        looped(TOKIO_UTIL, move || {
            finish(black_box(&tokio_util).run_until_cancelled(body()), pends);
        }),
        looped(STOP_TOKEN, move || {
            let _kept = &source;
            finish(body().timeout_at(black_box(&token).clone()), pends);
        }),
        // One shot: the pair of handle and future is part of every use.
        looped(FUTURES_ABORT, move || {
            let (future, handle) = abortable(body());
            finish(future, pends);
            drop(black_box(handle));
        }),
    ]
}

fn until_ready(_: &Env) -> Vec<Contestant> {
    until(|| ready(1_u64), 0)
}

fn until_pends_once(_: &Env) -> Vec<Contestant> {
    until(|| PendsOnce(false), 1)
}

fn callback(_: &Env) -> Vec<Contestant> {
    let token = CancelToken::new();
    let ours = looped(OURS, move || {
        drop(black_box(black_box(&token).on_cancel(|_| {
            black_box(());
        })));
    });
    vec![ours, allocation(), mutex()]
}

/// almost-enough combines by value: two clones side by side, nothing that could be awaited.
fn any_of_two(_: &Env) -> Vec<Contestant> {
    let (a, b) = (CancelToken::new(), CancelToken::new());
    let ours = looped(OURS, move || {
        drop(black_box(CancelToken::any([black_box(&a), &b])))
    });
    let (a, b) = (ChildStopper::new(), ChildStopper::new());
    let almost_enough = looped(ALMOST_ENOUGH, move || {
        drop(black_box(black_box(&a).clone().or(black_box(&b).clone())));
    });
    vec![ours, almost_enough, allocation(), arc_clone()]
}
