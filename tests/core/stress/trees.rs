//! Trees and followers that several threads cancel, grow and drop at once.

use super::STRICT;
use crate::Config;
use crate::rounds::{dither, rounds};
use cancel_core::{CancelToken, Child};
use cancel_tests::spin::Spin;
use cancel_tests::{Counter, Rng, within};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Context;

struct Tree {
    nodes: Vec<CancelToken>,
    wins: AtomicUsize,
}

/// Half of the rounds wide, half deep, all with some inner nodes that are gone.
fn tree(rng: &mut Rng) -> Tree {
    let mut nodes = vec![CancelToken::new()];
    let (size, wide) = (1 + rng.below(400), rng.one_in(2));
    for _ in 0..size {
        let parent = match (wide, rng.one_in(8)) {
            (true, false) => 0,
            (false, false) => nodes.len() - 1,
            _ => rng.below(nodes.len()),
        };
        let child = nodes[parent].child();
        nodes.push(child);
        if rng.one_in(10) && nodes.len() > 2 {
            nodes.swap_remove(1 + rng.below(nodes.len() - 1));
        }
    }
    Tree {
        nodes,
        wins: AtomicUsize::new(0),
    }
}

/// When any cancel of the root returns, everything below is cancelled: winner and loser alike.
pub(crate) fn trees(config: Config) {
    rounds(
        config,
        tree,
        |tree, me, rng| {
            let nodes = &tree.nodes;
            let mut own: Vec<CancelToken> = Vec::new();
            for _ in 0..rng.below(20) {
                let child = nodes[rng.below(nodes.len())].child();
                own.push(child.child()); // `child` itself goes
            }
            dither(rng);
            if me >= 2 && rng.one_in(2) {
                let inner = nodes[rng.below(nodes.len())].clone();
                let below = inner.child().child();
                tree.wins
                    .fetch_add(usize::from(inner.cancel() && inner == nodes[0]), Relaxed);
                assert!(!STRICT || (below.is_cancelled()));
            }
            if me >= 2 {
                own.truncate(1); // while the others cancel
            }
            tree.wins.fetch_add(usize::from(nodes[0].cancel()), Relaxed);
            assert!(!STRICT || (nodes.iter().chain(&own).all(|token| token.is_cancelled())));
        },
        |tree| assert_eq!(tree.wins.into_inner(), 1),
    );
}

struct Followers {
    sources: Vec<CancelToken>,
    /// Taken out and dropped by some threads.
    followers: Vec<Spin<CancelToken>>,
    children: Vec<CancelToken>,
    counter: std::sync::Arc<Counter>,
}

/// Each thread cancels its own source, and all sources share the followers: nobody may wait in a
/// circle. In the end all is cancelled, however it was.
pub(crate) fn followers(config: Config) {
    let make = |rng: &mut Rng| {
        let roots: Vec<CancelToken> = (0..config.threads).map(|_| CancelToken::new()).collect();
        let inner = rng.one_in(2);
        let above: Vec<CancelToken> = match inner {
            true => roots.iter().map(|root| root.child()).collect(),
            false => roots.clone(),
        };
        let mut followers: Vec<CancelToken> = Vec::new();
        for n in 0..50 {
            let mut order: Vec<&CancelToken> = above.iter().collect();
            rng.shuffle(&mut order);
            followers.push(match n % 5 {
                4 => CancelToken::all(order),
                3 if n > 5 => CancelToken::any([&followers[n - 2], &followers[n - 4].child()]),
                _ => CancelToken::any(order),
            });
        }
        let children = followers
            .iter()
            .flat_map(|f| [f.child(), f.child(), f.child().child()]);
        Followers {
            children: children.collect(),
            followers: followers.into_iter().map(Spin::new).collect(),
            sources: roots,
            counter: Counter::new(),
        }
    };
    rounds(
        config,
        make,
        |all, me, rng| {
            let watched = &all.children[rng.below(all.children.len())];
            let waker = all.counter.waker();
            let mut wait = pin!(watched.cancelled());
            let pending = wait
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending();
            dither(rng);
            if rng.one_in(2) {
                drop(all.followers[rng.below(50)].replace(CancelToken::never()));
                let follower = all.followers[rng.below(50)].with(|follower| follower.clone());
                drop(follower.child().child());
            }
            assert!(all.sources[me].cancel());
            if pending && rng.one_in(2) {
                within("the sources", || {
                    all.sources.iter().all(|source| source.is_cancelled())
                });
            }
        },
        |all| {
            assert!(all.children.iter().all(|child| child.is_cancelled()));
            for follower in all.followers {
                let follower = follower.replace(CancelToken::never());
                assert!(follower.is_cancelled() || !follower.may_be_cancelled());
            }
        },
    );
}

/// `t = t.child()` below a token that others cancel: the last of each line is reached.
pub(crate) fn loops(config: Config) {
    rounds(
        config,
        |rng| (CancelToken::new(), rng.below(1000), Spin::new(Vec::new())),
        |(root, length, ends), me, rng| {
            if me == 0 {
                for _ in 0..rng.below(*length + 1) {
                    drop(root.child());
                }
                root.cancel_with("the root");
                return;
            }
            let mut token = root.child();
            let mut branches = Vec::new();
            for step in 0..*length {
                token = match step % 16 {
                    7 => CancelToken::any([&token, &CancelToken::new()]),
                    _ => token.child(),
                };
                if rng.one_in(20) {
                    branches.push(token.child());
                }
            }
            branches.push(token);
            ends.with(|ends| ends.append(&mut branches));
        },
        |(root, _, ends)| {
            drop(root);
            for token in ends.replace(Vec::new()) {
                let cause = token.cause().expect("cancelled");
                assert_eq!(cause.message(), Some("the root"));
            }
        },
    );
}

/// Children in place come and go below one token while it is cancelled.
pub(crate) fn pinned(config: Config) {
    rounds(
        config,
        |_| {
            let root = CancelToken::new();
            let follower = CancelToken::any([&root]);
            [root.child(), follower, root]
        },
        |tokens, me, rng| {
            let counter = Counter::new();
            for _ in 0..20 {
                let parent = &tokens[rng.below(3)];
                let mut children = [0; 3].map(|_| Box::pin(Child::new(parent)));
                for child in &mut children {
                    let token = child.as_mut().enter();
                    let waker = counter.waker();
                    let mut wait = pin!(token.cancelled());
                    let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
                }
                let inner = children[1].as_mut().enter();
                let below = pin!(Child::new(inner));
                let below = below.enter();
                let other = pin!(Child::new(inner));
                let other = other.enter();
                if me < 2 && rng.one_in(20) {
                    tokens[2].cancel();
                    assert!(!STRICT || tokens[0].is_cancelled());
                    if *parent != tokens[1] {
                        assert!(!STRICT || (below.is_cancelled() && other.is_cancelled()));
                    }
                }
                if rng.one_in(4) {
                    inner.cancel();
                    assert!(!STRICT || (below.is_cancelled() && other.is_cancelled()));
                }
            }
        },
        |tokens| {
            tokens[2].cancel();
            assert!(tokens.iter().all(|token| token.is_cancelled()));
        },
    );
}
