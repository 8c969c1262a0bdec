//! The table: every way to stop, alone and inside another scope's body.

use crate::support::{Clock, Log, SECOND, Task};
use cancel_core::{CancelToken, Cancelled, Reason, Scope, Shields, Token};
use std::cell::Cell;
use std::future::{Future, pending};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    /// Nothing stops it.
    Completed,
    BeforeStart,
    /// A source is ready at the first poll.
    FirstPoll,
    During,
    InShield,
    InCleanup,
    /// The body does not react, and is dropped at the end of its grace period.
    InGrace,
    /// The body reacts and returns a value.
    GraceUsed,
    /// The body does not react, and another source fires.
    SecondRequest,
    Dropped,
    DroppedInShield,
    DroppedInCleanup,
    DroppedInGrace,
}

use Stop::*;

const ALL: [Stop; 13] = [
    Completed,
    BeforeStart,
    FirstPoll,
    During,
    InShield,
    InCleanup,
    InGrace,
    GraceUsed,
    SecondRequest,
    Dropped,
    DroppedInShield,
    DroppedInCleanup,
    DroppedInGrace,
];

/// What a run comes to: result (`None`: dropped), and what happened in it.
type Seen = (Option<Result<u32, Reason>>, Vec<&'static str>);

fn expected(stop: Stop) -> Seen {
    let cancelled = Some(Err(Reason::Manual));
    match stop {
        Completed => (Some(Ok(7)), vec!["body", "body gone", "cleanup"]),
        BeforeStart => (cancelled, vec!["body gone", "cleanup"]),
        FirstPoll | During | InGrace | SecondRequest => {
            (cancelled, vec!["body", "body gone", "cleanup"])
        }
        InShield => (
            cancelled,
            vec!["body", "shield over", "shield over", "body gone", "cleanup"],
        ),
        InCleanup => (Some(Ok(7)), vec!["body", "body gone", "cleanup"]),
        GraceUsed => (Some(Ok(8)), vec!["body", "body gone", "cleanup"]),
        Dropped | DroppedInShield | DroppedInGrace => (None, vec!["body", "body gone"]),
        DroppedInCleanup => (None, vec!["body", "body gone", "cleanup gone"]),
    }
}

/// With what a test steers one run.
struct Handles<'a> {
    root: &'a Token,
    /// The scope's own: the root, or a child of it.
    token: &'a Token,
    source: Token,
    second: Token,
    gate: Token,
    clock: Clock,
    log: Log,
}

/// The scope of the table, with the same parts in all rows.
fn scope<'a>(
    stop: Stop,
    at: &'a Handles<'a>,
    shields: &'a Shields<'a>,
) -> impl Future<Output = Result<u32, Cancelled>> + 'a {
    let gone = at.log.on_drop("body gone");
    let body = async move {
        let _gone = gone;
        at.log.add("body");
        match stop {
            Completed | InCleanup | DroppedInCleanup => return 7,
            InShield | DroppedInShield => {
                for _ in 0..2 {
                    let work = async {
                        at.gate.cancelled().await;
                        smol::future::yield_now().await;
                    };
                    shields.shield_future(work).await;
                    at.log.add("shield over");
                }
            }
            GraceUsed => {
                at.token.cancelled().await;
                smol::future::yield_now().await; // goes on for a while
                return 8;
            }
            _ => {}
        }
        pending().await
    };
    let grace = match stop {
        InGrace | GraceUsed | SecondRequest | DroppedInGrace => 5 * SECOND,
        _ => Duration::ZERO,
    };
    let cleanup = move || async move {
        if matches!(stop, InCleanup | DroppedInCleanup) {
            let gone = at.log.on_drop("cleanup gone");
            at.gate.cancelled().await;
            std::mem::forget(gone);
        }
        at.log.add("cleanup");
    };
    Scope::new(at.token, body)
        .source(at.source.cancelled())
        .source(at.second.cancelled())
        .shields(shields)
        .grace(&at.clock, grace)
        .finally(cleanup)
}

/// Does what the row says. At the end the future is gone.
fn steer<F: Future>(stop: Stop, at: &Handles<'_>, mut task: Task<F>) {
    let ends = |task: &mut Task<F>| assert!(task.go().is_ready(), "{stop:?} did not end");
    let waits = |task: &mut Task<F>| assert!(task.go().is_pending(), "{stop:?} ended early");
    match stop {
        BeforeStart => drop(at.token.cancel()),
        FirstPoll => drop(at.source.cancel()),
        _ => {}
    }
    if matches!(stop, Completed | BeforeStart | FirstPoll) {
        ends(&mut task);
        assert_eq!(task.registered(), 0);
        return;
    }
    waits(&mut task);
    if stop != Dropped {
        at.root.cancel();
    }
    match stop {
        During | GraceUsed => ends(&mut task),
        InShield | InCleanup => {
            waits(&mut task);
            at.gate.cancel();
            ends(&mut task);
        }
        InGrace => {
            waits(&mut task);
            at.clock.advance(4 * SECOND);
            waits(&mut task);
            at.clock.advance(SECOND);
            ends(&mut task);
        }
        SecondRequest => {
            waits(&mut task);
            at.second.cancel();
            ends(&mut task);
        }
        _ => {
            waits(&mut task);
            task.stop();
        }
    }
    assert_eq!(task.registered(), 0, "{stop:?}: a waker was left");
}

fn row(stop: Stop, nested: bool) -> Seen {
    let root = CancelToken::new();
    let inner_token = root.child();
    let at = Handles {
        root: &root,
        token: if nested { &inner_token } else { &root },
        source: Token::new(),
        second: Token::new(),
        gate: Token::new(),
        clock: Clock::new(),
        log: Log::default(),
    };
    let outer = Shields::new();
    let inner = match nested {
        true => Shields::nested(&outer),
        false => Shields::new(),
    };
    let result = Cell::new(None);
    let run = scope(stop, &at, &inner);
    let run = async {
        let ended = run.await.map_err(|why| why.root_reason());
        result.set(Some(ended));
    };
    let outer_cancelled = Cell::new(None);
    match nested {
        false => steer(stop, &at, Task::new(run)),
        true => {
            let body = async {
                run.await;
                smol::future::yield_now().await;
            };
            let around = Scope::new(&*root, body).shields(&outer);
            let around = async { outer_cancelled.set(Some(around.await.is_err())) };
            steer(stop, &at, Task::new(around));
        }
    }
    if let Some(outer_cancelled) = outer_cancelled.get() {
        assert_eq!(outer_cancelled, root.is_cancelled());
    }
    assert!(!outer.is_open() && !inner.is_open(), "still held");
    assert_eq!(at.clock.armed(), 0, "a sleep was left");
    (result.take(), at.log.take())
}

#[test]
fn every_way_to_stop() {
    for stop in ALL {
        assert_eq!(row(stop, false), expected(stop), "{stop:?}");
    }
}

/// All the same inside another scope, whose own token is the one that is cancelled.
#[test]
fn every_way_to_stop_nested_in_the_same_task() {
    for stop in ALL {
        assert_eq!(row(stop, true), expected(stop), "{stop:?}, nested");
    }
}
