//! Deep, wide and long: on a small stack, with allocations counted. All sizes are the full ones in
//! debug builds, too.

use cancel_core::{CancelToken, Reason};
use cancel_tests::alloc::{Counting, live_here};
use cancel_tests::{Counter, Rng};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

#[global_allocator]
static ALLOC: Counting = Counting;

const MILLION: usize = 1_000_000;
const STACK: usize = 256 * 1024;

/// Runs a test on a thread with a small stack, and sees that it leaves nothing allocated.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let body = move || {
        let before = live_here();
        test();
        assert_eq!(live_here(), before, "left in memory");
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(body);
    if let Err(panic) = thread.expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

/// A chain of handles; the first is the root.
fn chain(length: usize) -> Vec<CancelToken> {
    let mut all = Vec::with_capacity(length);
    all.push(CancelToken::new());
    while all.len() < length {
        all.push(all[all.len() - 1].child());
    }
    all
}

#[test]
fn a_deep_chain() {
    on_a_small_stack(|| {
        let all = chain(MILLION);
        assert!(all[0].cancel_with((Reason::Shutdown, "deep")));
        assert!(all.iter().all(|token| token.is_cancelled()));
        let cause = all[MILLION - 1].cause().expect("cancelled");
        assert!(cause.is_inherited() && cause.message() == Some("deep"));
    });
}

#[test]
fn what_is_below_and_not_the_token_itself() {
    on_a_small_stack(|| {
        let all = chain(MILLION);
        assert!(all[0].cancel_children());
        assert!(all[1..].iter().all(|token| token.is_cancelled()) && !all[0].is_cancelled());
        drop(all);

        let root = CancelToken::new();
        for _ in 0..3 {
            let children: Vec<_> = (0..100_000).map(|_| root.child()).collect();
            let followers: Vec<_> = (0..1_000).map(|_| CancelToken::any([&root])).collect();
            assert!(root.cancel_children_with("restart"));
            assert!(children.iter().all(|child| child.is_cancelled()));
            assert!(!followers.iter().any(|follower| follower.is_cancelled()));
        }
        assert!(!root.cancel_children() && !root.is_cancelled());
    });
}

/// Each of them is kept by the next one, until the last one goes (*Memory* of `CancelToken`).
#[test]
fn x70_tokens_with_several_sources_made_of_each_other() {
    const STEPS: usize = 100_000;
    type Next = fn(&CancelToken, &CancelToken) -> CancelToken;
    let steps: [(Next, bool); 4] = [
        (|last, stop| last.child_following([stop]), true),
        (|last, _| CancelToken::any([last]), true),
        (|last, _| CancelToken::all([last]), true),
        (|last, _| last.child(), false),
    ];
    for (next, grows) in steps {
        on_a_small_stack(move || {
            let (root, stop) = (CancelToken::new(), CancelToken::new());
            let before = live_here();
            let mut last = root.child();
            for _ in 0..STEPS {
                last = next(&last, &stop);
            }
            let blocks = (live_here().blocks - before.blocks) as usize;
            // (The first one is a plain child, and gone.)
            assert_eq!(blocks, if grows { 2 * STEPS } else { 1 });
            drop(last);
            assert_eq!(live_here(), before, "all of them are kept by the last one");
        });
    }
    // What the documentation advises.
    on_a_small_stack(|| {
        let (root, stop) = (CancelToken::new(), CancelToken::new());
        let mut last = root.child_following([&stop]);
        let before = live_here();
        for _ in 0..STEPS {
            last = root.child_following([&stop]);
        }
        assert_eq!(live_here(), before);
        stop.cancel();
        assert!(last.is_cancelled());
    });
}

#[test]
fn a_deep_chain_from_its_middle() {
    on_a_small_stack(|| {
        let all = chain(MILLION);
        let (above, below) = all.split_at(MILLION / 2);
        assert!(below[0].cancel());
        assert!(below.iter().all(|token| token.is_cancelled()));
        assert!(!above.iter().any(|token| token.is_cancelled()));
        assert!(all[0].cancel());
        assert!(above.iter().all(|token| token.is_cancelled()));
    });
}

/// Live chains dropped from the root, from the leaf, and at random: adoption all the way.
#[test]
fn a_deep_chain_dropped_live() {
    on_a_small_stack(|| drop(chain(MILLION)));
    on_a_small_stack(|| {
        let mut all = chain(MILLION);
        while all.pop().is_some() {}
    });
    on_a_small_stack(|| {
        let mut all = chain(MILLION);
        let (root, leaf) = (all[0].clone(), all[MILLION - 1].clone());
        Rng::new(1).shuffle(&mut all);
        drop(all);
        assert!(!leaf.is_cancelled() && root.cancel() && leaf.is_cancelled());
    });
}

#[test]
fn a_wide_node() {
    on_a_small_stack(|| {
        let root = CancelToken::new();
        let all: Vec<CancelToken> = (0..MILLION).map(|_| root.child()).collect();
        assert!(root.cancel_with("wide"));
        assert!(all.iter().all(|token| token.is_cancelled()));
    });
    for order in 0..3 {
        on_a_small_stack(move || {
            let root = CancelToken::new();
            let mut all: Vec<CancelToken> = (0..MILLION).map(|_| root.child()).collect();
            match order {
                0 => drop(root), // sets them all free
                1 => all.reverse(),
                _ => Rng::new(2).shuffle(&mut all),
            }
        });
    }
}

/// All adopted at once by a grandparent, and then cancelled by it.
#[test]
fn a_wide_node_in_the_middle_is_dropped() {
    on_a_small_stack(|| {
        let root = CancelToken::new();
        let middle = root.child();
        let all: Vec<CancelToken> = (0..MILLION).map(|_| middle.child()).collect();
        drop(middle);
        assert!(root.cancel());
        assert!(all.iter().all(|token| token.is_cancelled()));
    });
}

#[test]
fn a_million_waits() {
    on_a_small_stack(|| {
        let root = CancelToken::new();
        let child = root.child();
        let counter = Counter::new();
        let waker = counter.waker();
        let mut waits = Vec::with_capacity(MILLION / 4);
        for n in 0..MILLION / 4 {
            let token = if n % 2 == 0 { &root } else { &child };
            let mut wait = Box::pin(token.cancelled());
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            waits.push(wait);
        }
        root.cancel();
        assert_eq!(counter.wakes(), MILLION / 4);
    });
}

/// `t = t.child()`: the root is kept, and the last of the line is its child all the time.
#[test]
fn a_loop_of_children() {
    for keep_root in [false, true] {
        on_a_small_stack(move || {
            let root = CancelToken::new();
            let mut token = root.child();
            let kept = keep_root.then_some(root);
            let before = live_here();
            for step in 0..MILLION {
                token = token.child();
                if step % 997 == 0 {
                    assert!(live_here().blocks <= before.blocks + 1);
                }
            }
            assert_eq!(live_here(), before);
            if let Some(root) = kept {
                root.cancel_with("after a million steps");
                assert_eq!(
                    token.cause().expect("cancelled").message(),
                    Some("after a million steps")
                );
            }
        });
    }
}

/// The same where each step has had other dependents, which are gone or stay.
#[test]
fn a_loop_of_children_with_leaves() {
    on_a_small_stack(|| {
        let root = CancelToken::new();
        let (mut token, mut leaves) = (root.child(), Vec::with_capacity(64));
        let before = live_here();
        for step in 0..MILLION / 4 {
            let next = token.child();
            if leaves.len() == 64 {
                leaves.swap_remove(step * 7 % 64);
            }
            leaves.push(token.child());
            drop(CancelToken::any([&token, &next]));
            token = next;
            assert!(live_here().blocks <= before.blocks + 64);
        }
        root.cancel();
        assert!(leaves.iter().all(|leaf| leaf.is_cancelled()) && token.is_cancelled());
    });
}

/// Followers come and go, their sources stay: nothing is left with these.
#[test]
fn any_of_many_long_lived_sources() {
    on_a_small_stack(|| {
        let sources: Vec<CancelToken> = (0..1000).map(|_| CancelToken::new()).collect();
        let counter = Counter::new();
        let waker = counter.waker();
        let before = live_here();
        for round in 0..1000 {
            let follower = match round % 2 {
                0 => CancelToken::any(&sources),
                _ => CancelToken::all(&sources),
            };
            let held = counter.clone();
            let registration = follower.on_cancel(move |_| panic!("{held:?}"));
            let child = follower.child();
            let mut wait = Box::pin(child.cancelled());
            assert!(
                wait.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            drop(wait);
            if round % 3 == 0 {
                drop((follower, registration));
                drop(child); // the last to keep it
            } else {
                drop((child, registration, follower));
            }
            assert_eq!(live_here(), before, "round {round}");
        }
        sources.iter().for_each(|source| assert!(source.cancel()));
        assert_eq!(counter.wakes(), 0);
        drop(waker);
        assert_eq!(Arc::strong_count(&counter), 1);
    });
}

/// Followers are cancelled through one source and dropped: the others forget them, too.
#[test]
fn cancelled_followers_leave_the_other_sources() {
    on_a_small_stack(|| {
        let sources: Vec<CancelToken> = (0..1000).map(|_| CancelToken::new()).collect();
        let before = live_here();
        for _ in 0..200 {
            let trigger = CancelToken::new();
            let follower = CancelToken::any(sources.iter().chain([&trigger]));
            let child = follower.child();
            trigger.cancel_with("trigger");
            assert!(child.is_cancelled());
            drop(follower);
            drop((trigger, child));
            assert_eq!(live_here(), before);
        }
    });
}

const DEPTH: usize = 100_000;

/// `any(any(any(…)))`, where only the last handle is kept, or all.
fn any_chain(source: &CancelToken, other: &CancelToken) -> CancelToken {
    let mut last = CancelToken::any([source]);
    for step in 1..DEPTH {
        last = match step % 3 {
            0 => CancelToken::any([&last]),
            1 => CancelToken::any([&last, other]),
            _ => CancelToken::all([&last]),
        };
    }
    last
}

#[test]
fn a_deep_chain_of_any() {
    on_a_small_stack(|| {
        let (source, other) = (CancelToken::new(), CancelToken::new());
        let before = live_here();
        drop(any_chain(&source, &other));
        assert_eq!(
            live_here(),
            before,
            "a live chain goes with its last handle"
        );
        let last = any_chain(&source, &other);
        let counter = Counter::new();
        let waker = counter.waker();
        let mut wait = Box::pin(last.cancelled_owned());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert!(source.cancel_with("far away"));
        assert_eq!(last.cause(), source.cause());
        assert_eq!(counter.wakes(), 1);
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
    });
}

#[test]
fn a_deep_chain_of_any_and_children() {
    for cancel in [false, true] {
        on_a_small_stack(move || {
            let (source, other) = (CancelToken::new(), CancelToken::new());
            let mut all = vec![source.child()];
            while all.len() < DEPTH {
                let last = &all[all.len() - 1];
                all.push(match all.len() % 2 {
                    0 => last.child(),
                    _ => CancelToken::any([last, &other]),
                });
            }
            if cancel {
                assert!(source.cancel());
                assert!(all.iter().all(|token| token.is_cancelled()));
            }
            Rng::new(3).shuffle(&mut all);
            drop(all);
            assert!(other.cancel());
        });
    }
}

/// Detached callbacks leave nothing: called, gone with their token, or forgotten on a borrowed one.
#[test]
fn x69_detached_callbacks() {
    for cancelled in [false, true] {
        on_a_small_stack(move || {
            let root = CancelToken::new();
            let tokens: Vec<_> = (0..1_000)
                .map(|n| match n % 3 {
                    0 => root.child(),
                    1 => root.child().child(),
                    _ => CancelToken::any([&root]),
                })
                .collect();
            for token in &tokens {
                for _ in 0..5 {
                    let held = Box::new(7);
                    token.on_cancel(move |_| drop(held)).detach();
                }
                drop(token.on_cancel(|_| ()));
            }
            if cancelled {
                root.cancel();
            }
            drop(tokens);
            let place = cancel_core::Token::new();
            for n in 0..100 {
                let held = Box::new(n);
                let registration = place.on_cancel_ref(move |_| drop(held));
                match cancelled || n % 2 == 0 {
                    true => registration.detach(),
                    // (One that is forgotten and called leaves its block.)
                    false => std::mem::forget(registration),
                }
            }
            if cancelled {
                place.cancel();
            }
        });
    }
}
