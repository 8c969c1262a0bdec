//! A2, A3, A6: what must hold between threads.

use cancel_core::{CancelToken, Reason};
use cancel_tests::{Counter, Rng, together, watched, within};
use std::future::Future;
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::Context;
use std::thread;

/// Eight threads cancel, each with its own reason and message, and all look at once.
#[test]
fn the_first_cause_wins() {
    watched("eight cancels at once", || {
        const THREADS: usize = 8;
        const ROUNDS: usize = 300;
        let tokens: Vec<CancelToken> = (0..ROUNDS).map(|_| CancelToken::new()).collect();
        let children: Vec<CancelToken> = tokens.iter().map(|token| token.child()).collect();
        let wins: Vec<AtomicUsize> = tokens.iter().map(|_| AtomicUsize::new(0)).collect();
        let winner: Vec<AtomicUsize> = tokens.iter().map(|_| AtomicUsize::new(99)).collect();
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for me in 0..THREADS {
                let (tokens, children, wins, winner, barrier) =
                    (&tokens, &children, &wins, &winner, &barrier);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        barrier.wait();
                        let token = &tokens[round];
                        let mine = (Reason::Custom(me as u16), format!("thread {me}"));
                        let won = token.cancel_with(mine);
                        if won {
                            wins[round].fetch_add(1, SeqCst);
                            winner[round].store(me, SeqCst);
                        }
                        let both = [(token, None), (&children[round], Some(Reason::Parent))];
                        // Without `std` who loses does not wait until the children are marked.
                        let sure = if won || cfg!(feature = "std") { 2 } else { 1 };
                        for (token, reason) in both.into_iter().take(sure) {
                            let cause = token.check().unwrap_err();
                            let Reason::Custom(of) = cause.root_reason() else {
                                panic!("{cause:?}")
                            };
                            assert_eq!(cause.message(), Some(&*format!("thread {of}")));
                            assert_eq!(cause.reason(), reason.unwrap_or(Reason::Custom(of)));
                        }
                    }
                });
            }
        });
        for round in 0..ROUNDS {
            assert_eq!(wins[round].load(SeqCst), 1);
            let cause = tokens[round].cause().unwrap();
            assert_eq!(
                cause.reason(),
                Reason::Custom(winner[round].load(SeqCst) as u16)
            );
            assert!(children[round].is_cancelled());
        }
    });
}

/// Nobody ever sees "cancelled" without the cause that belongs to it.
#[test]
fn flag_and_cause_change_at_once() {
    watched("a reader and a canceller", || {
        for round in 0..3_000_u16 {
            let token = CancelToken::new();
            let below = token.child().child();
            let reader = || {
                for token in [&token, &below] {
                    within("the cancel", || token.is_cancelled());
                    let cause = token.cause().unwrap();
                    assert_eq!(cause.root_reason(), Reason::Signal(round));
                    assert_eq!(cause.message(), Some(&*round.to_string()));
                    assert_eq!(cause.is_inherited(), *token == below);
                }
            };
            together(
                || token.cancel_with((Reason::Signal(round), round.to_string())),
                reader,
            );
        }
    });
}

/// What happened before the cancel is visible to whoever sees it (relaxed, so by the token alone).
#[test]
fn data_is_visible() {
    watched("data beside a token", || {
        for round in 1..3_000 {
            let (root, data) = (CancelToken::new(), [0; 4].map(AtomicUsize::new));
            let (child, any) = (root.child(), CancelToken::any([&root]));
            let write = || {
                data.iter().for_each(|data| data.store(round, Relaxed));
                root.cancel();
            };
            let read = || {
                for token in [&any, &child, &root] {
                    within("the cancel", || token.is_cancelled());
                    assert!(data.iter().all(|data| data.load(Relaxed) == round));
                }
            };
            together(write, read);
        }
    });
}

/// When any `cancel` returns, all descendants are cancelled: the winner's and the loser's.
#[cfg(feature = "std")] // without it nobody waits
#[test]
fn winner_and_loser_see_all_descendants_cancelled() {
    watched("two cancels of one tree", || {
        let mut rng = Rng::new(4);
        for round in 0..400 {
            let root = CancelToken::new();
            let mut tree = vec![root.clone()];
            for _ in 0..if round % 8 == 0 { 2000 } else { 150 } {
                let wide = rng.one_in(2);
                let parent = if wide { 0 } else { rng.below(tree.len()) };
                tree.push(tree[parent].child());
            }
            let inner = tree[rng.below(tree.len())].clone();
            let below: Vec<CancelToken> = (0..40).map(|_| inner.child()).collect();
            let cancel = || {
                let won = root.cancel();
                assert!(tree.iter().chain(&below).all(|token| token.is_cancelled()));
                won
            };
            let (one, two) = together(cancel, || {
                // An inner node's own cancel gives the same promise about what is below it.
                if round % 2 == 0 {
                    let won = inner.cancel();
                    assert!(below.iter().all(|token| token.is_cancelled()));
                    cancel() || won && inner == root
                } else {
                    cancel()
                }
            });
            assert!(one != two, "exactly one wins");
        }
    });
}

/// A wait that registers while another thread cancels is ready, or woken.
#[test]
fn no_wake_up_is_lost() {
    watched("register against cancel", || {
        let mut rng = Rng::new(5);
        for _ in 0..10_000 {
            let root = CancelToken::new();
            let token = if rng.one_in(2) {
                root.child()
            } else {
                root.clone()
            };
            let spins = [rng.below(100), rng.below(100)];
            let spin = |rounds| (0..rounds).for_each(|_| std::hint::spin_loop());
            let wait = || {
                spin(spins[0]);
                let counters = [Counter::new(), Counter::new()];
                let mut wait = pin!(token.cancelled());
                for counter in &counters {
                    let waker = counter.waker();
                    if wait
                        .as_mut()
                        .poll(&mut Context::from_waker(&waker))
                        .is_ready()
                    {
                        return;
                    }
                }
                // The first one may be woken as well, but the last one must be.
                within("the wake-up", || counters[1].wakes() == 1);
                assert!(
                    wait.poll(&mut Context::from_waker(std::task::Waker::noop()))
                        .is_ready()
                );
            };
            let cancel = || {
                spin(spins[1]);
                root.cancel()
            };
            together(cancel, wait);
        }
    });
}

/// A child or follower made while another thread cancels is cancelled in the end.
#[test]
fn no_child_is_missed() {
    watched("child against cancel", || {
        for round in 0..5_000 {
            let (root, other) = (CancelToken::new(), CancelToken::new());
            let middle = root.child();
            let make = || {
                let child = middle.child();
                drop(middle);
                (child.child(), CancelToken::any([&other, &child]), child)
            };
            let cancel = || {
                (0..round % 64).for_each(|_| std::hint::spin_loop());
                assert!(root.cancel());
            };
            let ((), (one, two, three)) = together(cancel, make);
            assert!([one, two, three].iter().all(|token| token.is_cancelled()));
        }
    });
}
