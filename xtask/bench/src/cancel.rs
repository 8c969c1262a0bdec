//! Rows of cancelling: tokens with and without waiters, and trees.
//!
//! Everything is built before the clock starts and taken down after it has stopped. All handles are
//! kept, in the order of their creation.

use std::pin::Pin;
use std::time::{Duration, Instant};

use almost_enough::ChildStopper;
use cancel_core::CancelToken;
use futures_util::future::{AbortHandle, Abortable, pending};
use stop_token::StopToken;
use tokio_util::sync::CancellationToken;

use crate::Env;
use crate::create::mutex;
use crate::harness::{Contestant, Row, batched, sampled};
use crate::peers::{
    Cancel, FUTURES_ABORT, Flagged, OURS, Reset, STOP_TOKEN, Stop, TOKIO_UTIL, Token, Tree, Wait,
};
use crate::trees::{CHILDREN, DEPTH, TREE, WAITED_CHILDREN, chain, levelled, tenfold, wide};
use crate::wait::poll;

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "cancel, no waiter",
        reference: TOKIO_UTIL,
        build: no_waiter,
    },
    Row {
        name: "cancel, one waiter",
        reference: TOKIO_UTIL,
        build: one_waiter,
    },
    Row {
        name: "cancel 1000 waiters, plain waker, per waiter",
        reference: TOKIO_UTIL,
        build: thousand_waiters,
    },
    Row {
        name: "cancel 100,000 children, per node",
        reference: TOKIO_UTIL,
        build: |_| both(CHILDREN, || wide(CHILDREN), || wide(CHILDREN)),
    },
    Row {
        name: "cancel 100,000 children with a message, per node",
        reference: TOKIO_UTIL,
        build: with_message,
    },
    Row {
        name: "cancel a chain of 100,000, per node",
        reference: TOKIO_UTIL,
        build: |_| both(DEPTH, || chain(DEPTH), || chain(DEPTH)),
    },
    Row {
        name: "cancel a 10-ary tree of 111,111, per node",
        reference: TOKIO_UTIL,
        build: |_| both(TREE, tenfold, tenfold),
    },
    Row {
        name: "cancel a 10-ary tree of 111,111 created level by level, per node",
        reference: TOKIO_UTIL,
        build: |_| both(TREE, levelled, levelled),
    },
    Row {
        name: "10,000 children with a waiter each, cancel per child",
        reference: TOKIO_UTIL,
        build: waited_children,
    },
];

/// Tokens in a batch of single cancels: few enough to stay in the second-level cache.
const BATCH: u64 = 1000;

/// A polled wait, in a place of its own, which can be dropped without giving the place back.
pub(crate) type Place<W> = Pin<Box<Option<W>>>;

/// Creates a wait and polls it.
pub(crate) fn armed<T: Wait>(token: &T) -> Place<T::Waiting<'_>> {
    let mut place = Box::pin(Some(token.wait()));
    let waiting = place.as_mut().as_pin_mut().expect("just filled");
    assert!(poll(waiting).is_pending());
    place
}

fn clocked(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn tokens<T: Token>(count: u64) -> Vec<T> {
    (0..count).map(|_| T::new()).collect()
}

fn no_waiter(_: &Env) -> Vec<Contestant> {
    fn lone<T: Cancel>() -> Contestant {
        let cancel = |tokens: Vec<T>| {
            tokens.iter().for_each(T::cancel);
            tokens
        };
        batched(T::NAME, BATCH, || tokens(BATCH), cancel)
    }
    let pairs = || {
        (0..BATCH)
            .map(|_| AbortHandle::new_pair())
            .collect::<Vec<_>>()
    };
    vec![
        lone::<CancelToken>(),
        lone::<CancellationToken>(),
        stop_token(BATCH, 0),
        lone::<Flagged>(),
        lone::<Reset>(),
        lone::<ChildStopper>(),
        batched(FUTURES_ABORT, BATCH, pairs, |pairs| {
            pairs.iter().for_each(|(handle, _)| handle.abort());
            pairs
        }),
        mutex(),
    ]
}

/// stop-token cancels when its source is dropped, which is then part of the price.
fn stop_token(tokens: u64, waiters: u64) -> Contestant {
    sampled(STOP_TOKEN, tokens * waiters.max(1), move || {
        let (mut sources, kept): (Vec<_>, Vec<StopToken>) = (0..tokens)
            .map(|_| Stop::new())
            .map(|stop| (stop.source, stop.token))
            .unzip();
        let mut waits: Vec<Pin<Box<StopToken>>> = kept
            .iter()
            .flat_map(|token| (0..waiters).map(|_| Box::pin(token.clone())))
            .collect();
        for wait in &mut waits {
            assert!(poll(wait.as_mut()).is_pending());
        }
        clocked(|| sources.clear())
    })
}

/// Cancels so many tokens with so many waiters each.
fn waited<T: Cancel + Wait>(count: u64, waiters: u64) -> Contestant {
    sampled(T::NAME, count * waiters, move || {
        let tokens: Vec<T> = tokens(count);
        let waits: Vec<_> = tokens
            .iter()
            .flat_map(|token| (0..waiters).map(move |_| armed(token)))
            .collect();
        let time = clocked(|| tokens.iter().for_each(T::cancel));
        drop(waits);
        time
    })
}

fn one_waiter(_: &Env) -> Vec<Contestant> {
    let abort = || {
        let pairs = (0..BATCH).map(|_| AbortHandle::new_pair());
        let mut futures: Vec<_> = pairs
            .map(|(handle, pair)| (handle, Box::pin(Abortable::new(pending::<()>(), pair))))
            .collect();
        for (_, future) in &mut futures {
            assert!(poll(future.as_mut()).is_pending());
        }
        futures
    };
    vec![
        waited::<CancelToken>(BATCH, 1),
        waited::<CancellationToken>(BATCH, 1),
        stop_token(BATCH, 1),
        waited::<Flagged>(BATCH, 1),
        waited::<Reset>(BATCH, 1),
        batched(FUTURES_ABORT, BATCH, abort, |futures| {
            futures.iter().for_each(|(handle, _)| handle.abort());
            futures
        }),
    ]
}

fn thousand_waiters(_: &Env) -> Vec<Contestant> {
    vec![
        waited::<CancelToken>(1, 1000),
        waited::<CancellationToken>(1, 1000),
        stop_token(1, 1000),
        waited::<Flagged>(1, 1000),
        waited::<Reset>(1, 1000),
    ]
}

/// Cancels the first node of a tree.
fn tree<T: Cancel + Tree>(nodes: u64, build: fn() -> Vec<T>) -> Contestant {
    batched(T::NAME, nodes, build, |nodes: Vec<T>| {
        nodes[0].cancel();
        nodes
    })
}

/// The two that tell their descendants. (In almost-enough, descendants ask.)
fn both(
    nodes: u64,
    ours: fn() -> Vec<CancelToken>,
    theirs: fn() -> Vec<CancellationToken>,
) -> Vec<Contestant> {
    vec![tree(nodes, ours), tree(nodes, theirs)]
}

fn with_message(_: &Env) -> Vec<Contestant> {
    let ours = batched(
        OURS,
        CHILDREN,
        || wide(CHILDREN),
        |nodes: Vec<CancelToken>| {
            nodes[0].cancel_with("the user pressed stop");
            nodes
        },
    );
    vec![ours, tree::<CancellationToken>(CHILDREN, || wide(CHILDREN))]
}

fn waited_children(_: &Env) -> Vec<Contestant> {
    fn family<T: Cancel + Tree + Wait>() -> Contestant {
        sampled(T::NAME, WAITED_CHILDREN, || {
            let nodes: Vec<T> = wide(WAITED_CHILDREN);
            let waits: Vec<_> = nodes[1..].iter().map(armed).collect();
            let time = clocked(|| nodes[0].cancel());
            drop(waits);
            time
        })
    }
    vec![family::<CancelToken>(), family::<CancellationToken>()]
}
