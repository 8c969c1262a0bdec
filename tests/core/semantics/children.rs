//! `cancel_children` of shared tokens: what is below, and what only follows.

use cancel_core::{CancelToken, Reason, Token};
use cancel_tests::{Hooks, Rng, watched};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Context;
use std::thread;

#[test]
fn children_and_their_descendants() {
    let root = CancelToken::new();
    let (one, two) = (root.child(), root.child());
    let leaf = two.child().child();
    let outside = CancelToken::new();
    let following = root.child_following([&outside]);
    let below = following.child();
    assert!(root.cancel_children_with((Reason::Shutdown, "restart")));
    for token in [&one, &two, &leaf, &following, &below] {
        let cause = token.cause().unwrap();
        assert_eq!(cause.to_string(), "cancelled by parent (shutdown): restart");
        assert!(cause.is_from(&root), "{cause:?}");
    }
    assert!(!root.is_cancelled() && !outside.is_cancelled());
    let new = root.child();
    assert!(!new.is_cancelled());
    assert!(root.cancel());
    assert!(new.is_cancelled());
    assert_eq!(one.cause().unwrap().root_reason(), Reason::Shutdown);
}

#[test]
fn followers_are_not_below() {
    let (root, other) = (CancelToken::new(), CancelToken::new());
    let any = CancelToken::any([&root]);
    let both = CancelToken::all([&root, &other]);
    let child_of_other = other.child_following([&root]);
    assert!(!root.cancel_children(), "nothing is below");
    // Of followers between children, before and behind them.
    let children: Vec<_> = (0..100)
        .map(|n| (root.child(), CancelToken::any([&root]), n))
        .collect();
    assert!(root.cancel_children());
    for (child, follower, n) in &children {
        assert!(child.is_cancelled() && !follower.is_cancelled(), "{n}");
    }
    assert!(!root.cancel_children());
    // The source counts for nothing yet.
    assert!(!any.is_cancelled() && !child_of_other.is_cancelled());
    other.cancel();
    assert!(!both.is_cancelled());
    root.cancel_with("now");
    for token in [&any, &both] {
        let cause = token.cause().unwrap();
        assert_eq!(
            (cause.reason(), cause.message()),
            (Reason::Manual, Some("now"))
        );
    }
    assert!(
        children
            .iter()
            .all(|(_, follower, _)| follower.is_cancelled())
    );
}

/// Followers of what is below are reached through it; of what has gone, through adoption.
#[test]
fn followers_of_what_is_below() {
    let root = CancelToken::new();
    let child = root.child();
    let (any, all) = (
        CancelToken::any([&child]),
        CancelToken::all([&child, &root]),
    );
    let below = any.child();
    assert!(root.cancel_children());
    assert!(any.is_cancelled() && below.is_cancelled() && !all.is_cancelled());
    assert_eq!(any.cause().unwrap().reason(), Reason::Parent);
    root.cancel();
    assert!(all.is_cancelled());

    let root = CancelToken::new();
    let child = root.child();
    let (any, leaf) = (CancelToken::any([&child]), child.child());
    drop(child);
    assert!(root.cancel_children());
    assert!(any.is_cancelled() && leaf.is_cancelled());
    assert_eq!(any.cause().unwrap().reason(), Reason::Parent);
}

/// Tokens with several sources count those below among their handles.
#[test]
fn below_a_token_with_several_sources() {
    let source = CancelToken::new();
    let any = CancelToken::any([&source]);
    for _ in 0..3 {
        let children: Vec<_> = (0..100).map(|_| any.child()).collect();
        let follower = CancelToken::any([&any]);
        assert!(any.cancel_children());
        assert!(children.iter().all(|child| child.is_cancelled()));
        assert!(!follower.is_cancelled() && !any.is_cancelled());
        drop(children);
        assert!(!any.cancel_children());
    }
    let kept = any.child();
    drop(any);
    source.cancel();
    assert!(kept.is_cancelled());
}

#[test]
fn callbacks_below_run_and_one_that_panics_stops_no_other() {
    let root = CancelToken::new();
    let runs: &'static AtomicUsize = Box::leak(Box::default());
    let children: Vec<_> = (0..10).map(|_| root.child()).collect();
    let callbacks: Vec<_> = (0..)
        .zip(&children)
        .map(|(n, child)| {
            child.on_cancel(move |_| {
                runs.fetch_add(1, SeqCst);
                assert_ne!(n, 5, "bad callback");
            })
        })
        .collect();
    let own = root.on_cancel(|_| _ = runs.fetch_add(100, SeqCst));
    let call = std::panic::AssertUnwindSafe(|| root.cancel_children());
    assert!(std::panic::catch_unwind(call).is_err());
    // (Without `std` the panic goes through at once, and the rest is served meanwhile.)
    assert_eq!(runs.load(SeqCst), 10);
    assert!(!root.cancel_children());
    root.cancel();
    assert_eq!(runs.load(SeqCst), 110);
    drop((callbacks, own));
}

/// Wakers and callbacks run while the call's marker is in the token's list. What they find below has been
/// cancelled by then, unless they have put it there.
#[test]
fn calls_from_what_the_call_wakes() {
    type Act = fn(&CancelToken) -> bool;
    let acts: [(Act, bool); 4] = [
        (|root| root.cancel_children(), false),
        (
            |root| root.child().cancel() && root.cancel_children(),
            false,
        ),
        (
            |root| {
                let child = root.child();
                root.cancel_children() && child.is_cancelled()
            },
            true,
        ),
        (|root| root.cancel() && !root.cancel_children(), true),
    ];
    for (act, expected) in acts {
        for by_waker in [true, false] {
            let root = CancelToken::new();
            let children: Vec<_> = (0..20).map(|_| root.child()).collect();
            let told = Arc::new(Mutex::new(Vec::new()));
            let (theirs, tell) = (root.clone(), told.clone());
            let call = move || {
                let answer = act(&theirs);
                tell.lock().unwrap().push(answer);
            };
            if by_waker {
                let (waker, _) = Hooks::default().on_wake(call).waker();
                let mut wait = Box::pin(children[7].cancelled());
                let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                assert!(root.cancel_children());
            } else {
                children[7].on_cancel(move |_| call()).detach();
                assert!(root.cancel_children());
            }
            assert_eq!(*told.lock().unwrap(), [expected], "by a waker: {by_waker}");
            assert!(children.iter().all(|child| child.is_cancelled()));
            assert!(!root.cancel_children());
            let new = root.child();
            assert_eq!(root.is_cancelled(), new.is_cancelled());
        }
    }
}

/// Whether calls that lose wait for others at work (see `Token`).
const STRICT: bool = cfg!(feature = "std");

/// Children whose parent goes while the call is at work are below all the same.
#[test]
fn nobody_escapes_by_adoption() {
    watched("adoption beside cancel_children", || {
        let mut rng = Rng::new(7);
        for _ in 0..600 {
            let root = CancelToken::new();
            let parents: Vec<_> = (0..1 + rng.below(100)).map(|_| root.child()).collect();
            let leaves: Vec<_> = parents.iter().map(|parent| parent.child()).collect();
            let barrier = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    drop(parents);
                });
                barrier.wait();
                assert!(root.cancel_children());
                assert!(leaves.iter().all(|leaf| leaf.is_cancelled()));
            });
        }
    });
}

/// Some threads make children, which end when they are cancelled; others stop them all.
#[test]
fn an_endless_stream_of_children_does_not_hold_the_call() {
    watched("children beside cancel_children", || {
        static ROOT: Token = Token::new();
        let stop = Token::new();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut kept = Vec::new();
                    while !stop.is_cancelled() {
                        kept.push(ROOT.child());
                        kept.truncate(100);
                    }
                });
            }
            for _ in 0..200 {
                let mine = ROOT.child();
                assert!(ROOT.cancel_children() || mine.is_cancelled());
                assert!(mine.is_cancelled() && !ROOT.is_cancelled());
            }
            stop.cancel();
        });
    });
}

/// Against a cancel of the root, and against each other.
#[test]
fn calls_that_meet() {
    watched("cancel_children that meet", || {
        let mut rng = Rng::new(11);
        for round in 0..600 {
            let root = CancelToken::new();
            let children: Vec<_> = (0..1 + rng.below(80)).map(|_| root.child()).collect();
            let leaves: Vec<_> = children.iter().map(|child| child.child()).collect();
            let whole = round % 2 == 0;
            let barrier = Barrier::new(3);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        barrier.wait();
                        root.cancel_children();
                        // (Two that meet: the first one may leave the rest to the second.)
                    });
                }
                barrier.wait();
                if whole {
                    assert!(root.cancel());
                    assert!(!STRICT || leaves.iter().all(|leaf| leaf.is_cancelled()));
                }
            });
            assert_eq!(root.is_cancelled(), whole);
            assert!(
                children
                    .iter()
                    .chain(&leaves)
                    .all(|child| child.is_cancelled())
            );
            assert!(!root.cancel_children());
        }
    });
}
