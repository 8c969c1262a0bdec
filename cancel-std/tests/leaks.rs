//! What short operations leave behind with something that lives long: nothing.
//!
//! A registration is a waiter, a node or a callback. Nodes and callbacks lie on the heap, whose blocks
//! are counted, and a waiter has a clone of the waker of its task, of which there is none left. The
//! timer's entries have one, too.

#[path = "../../tests/support/alloc.rs"]
#[allow(dead_code, unreachable_pub)] // it is a library elsewhere
mod alloc;

use alloc::{Counting, Live, live_here};
use cancel_std::{CancelToken, Cancelable, Operation, Source};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

#[global_allocator]
static ALLOC: Counting = Counting;

const MANY: usize = 10_000;

struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// Pending so many times.
struct Pends(usize);

impl Future for Pends {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.checked_sub(1) {
            Some(left) => {
                self.0 = left;
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

/// What many short operations leave, each made by `make` and ended in one of the ways there are.
fn left_by(make: impl Fn() -> Cancelable) -> (Live, usize) {
    let task = Arc::new(Task);
    let short = |i: usize| {
        let op = make().timeout(Duration::from_secs(3600)).build();
        let waker = Waker::from(task.clone());
        let mut run = pin!(op.run(async |_| Pends([0, 1, 9, 9][i % 4]).await));
        let mut poll = || run.as_mut().poll(&mut Context::from_waker(&waker));
        match i % 4 {
            0 => assert_eq!(poll(), Poll::Ready(Ok(()))), // at once
            1 => {
                assert!(poll().is_pending());
                assert_eq!(poll(), Poll::Ready(Ok(())));
            }
            2 => {
                assert!(poll().is_pending());
                assert!(op.force());
                assert!(matches!(poll(), Poll::Ready(Err(_))));
            }
            _ => assert!(poll().is_pending()), // dropped
        }
    };
    (0..8).for_each(short); // what is made once: the timer's thread and its slab
    let before = live_here();
    (0..MANY).for_each(short);
    let after = live_here();
    let left = Live {
        blocks: after.blocks - before.blocks,
        bytes: after.bytes - before.bytes,
    };
    (left, Arc::strong_count(&task) - 1)
}

const NOTHING: (Live, usize) = (
    Live {
        blocks: 0,
        bytes: 0,
    },
    0,
);

#[test]
fn under_a_parent() {
    let parent = Cancelable::new().build();
    assert_eq!(left_by(|| Cancelable::new().parent(&parent)), NOTHING);
    assert_eq!(left_by(|| parent.child()), NOTHING);
    assert!(parent.cancel());
}

#[test]
fn under_a_token() {
    let token = CancelToken::new();
    assert_eq!(left_by(|| Cancelable::with_token(&token)), NOTHING);
    assert!(token.cancel());
}

#[test]
fn under_a_combination() {
    let (token, parent) = (CancelToken::new(), Cancelable::new().build());
    let made = || {
        let part = Cancelable::with_token(&token);
        part.combine(Cancelable::new().parent(&parent))
    };
    assert_eq!(left_by(made), NOTHING);
    let whole = Cancelable::with_token(&token)
        .combine(parent.child())
        .build();
    assert_eq!(left_by(|| whole.child()), NOTHING);
    assert!(token.cancel() && whole.is_cancelled());
}

#[test]
fn under_links_of_tokens() {
    let (one, two) = (CancelToken::new(), CancelToken::new());
    let made = || Cancelable::with_token(CancelToken::any([&one, &two]));
    assert_eq!(left_by(made), NOTHING);
    let made = || Cancelable::with_token(CancelToken::all([&one, &two]));
    assert_eq!(left_by(made), NOTHING);
    let either = CancelToken::any([&one, &two]);
    assert_eq!(left_by(|| Cancelable::with_token(&either)), NOTHING);
    assert!(two.cancel() && either.is_cancelled());
}

#[test]
fn under_sources() {
    let token = CancelToken::new();
    let made = || {
        let both = [Source::token(&token), Source::timeout(Duration::MAX)];
        Cancelable::all(both).grace(Duration::from_secs(3600))
    };
    assert_eq!(left_by(made), NOTHING);
    let plain = || Cancelable::new().source(Source::all([Source::token(&token)]));
    assert_eq!(left_by(plain), NOTHING);
    assert!(token.cancel());
}

/// The counts would show it.
#[test]
fn what_is_left_is_counted() {
    let token = CancelToken::new();
    let left = left_by(|| {
        std::mem::forget(token.child());
        Cancelable::new()
    });
    assert_eq!(left.0.blocks, MANY as i64);
}

/// Blocks after many generations of operations, less those after a few. Each one is made of the one before,
/// which has ended, by `next`.
fn kept_by_generations(next: impl Fn(&Operation) -> Cancelable) -> i64 {
    let task = Waker::from(Arc::new(Task));
    let mut last = Cancelable::new().timeout(Duration::from_secs(3600)).build();
    let mut generation = |i: usize| {
        let mut run = pin!(last.run(async |_| Pends(i % 2).await));
        while run
            .as_mut()
            .poll(&mut Context::from_waker(&task))
            .is_pending()
        {}
        let op = next(&last).build();
        assert_eq!(op.context().parent_id(), Some(last.id()));
        last = op;
    };
    (0..8).for_each(&mut generation);
    let before = live_here();
    (0..MANY).for_each(&mut generation);
    live_here().blocks - before.blocks
}

#[test]
fn x25_generations_keep_nothing_of_those_that_ended() {
    assert_eq!(kept_by_generations(|op| op.child()), 0);
    assert_eq!(kept_by_generations(|op| op.detached()), 0);
    assert_eq!(kept_by_generations(|op| Cancelable::new().parent(op)), 0);
    let stop = CancelToken::new();
    assert_eq!(kept_by_generations(|op| op.child().token(&stop)), 0);
    assert_eq!(kept_by_generations(|op| op.child().combine(op.child())), 0);
}
