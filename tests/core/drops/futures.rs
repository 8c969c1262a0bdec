//! Futures dropped in every state and order, alone and while another thread cancels.

use cancel_core::{CancelToken, WaitForCancel};
use cancel_tests::rng::permutations;
use cancel_tests::{Counter, Rng, together, watched};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// What was done with a future before it is dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    NeverPolled,
    Pending,
    Replaced,
    /// Pending when the token was cancelled, and not polled since.
    Woken,
    Ready,
}

use State::{NeverPolled, Pending, Ready, Replaced, Woken};

type Wait = Pin<Box<WaitForCancel<CancelToken>>>;

fn poll(wait: &mut Wait, waker: &Waker) -> bool {
    wait.as_mut()
        .poll(&mut Context::from_waker(waker))
        .is_ready()
}

fn prepare(state: State, token: &CancelToken, counter: &Arc<Counter>) -> Wait {
    let mut wait = Box::pin(token.cancelled_owned());
    if state == Replaced {
        let old = Counter::new();
        assert!(!poll(&mut wait, &old.waker()));
        assert!(!poll(&mut wait, &counter.waker()));
        assert_eq!(Arc::strong_count(&old), 1, "the old waker was not dropped");
    } else if state != NeverPolled {
        assert!(!poll(&mut wait, &counter.waker()));
    }
    wait
}

/// One future of each state, and one more that stays and must be woken.
#[test]
fn every_state_in_every_order() {
    const STATES: [State; 5] = [NeverPolled, Pending, Replaced, Woken, Ready];
    for order in permutations(5) {
        for cancel_after in 0..=5 {
            let token = CancelToken::new();
            let counters: Vec<_> = STATES.iter().map(|_| Counter::new()).collect();
            let mut waits: Vec<Option<Wait>> = STATES
                .iter()
                .zip(&counters)
                .map(|(state, counter)| Some(prepare(*state, &token, counter)))
                .collect();
            let last = Counter::new();
            let mut stays = prepare(Pending, &token, &last);
            for (n, &at) in order.iter().enumerate() {
                if n == cancel_after {
                    token.cancel();
                    for ((wait, state), counter) in waits.iter_mut().zip(STATES).zip(&counters) {
                        let Some(wait) = wait else {
                            assert_eq!(counter.wakes(), 0, "woken after its drop");
                            continue;
                        };
                        assert_eq!(counter.wakes(), usize::from(state != NeverPolled));
                        if state == Ready {
                            assert!(poll(wait, Waker::noop()));
                        }
                    }
                }
                waits[at] = None;
                assert_eq!(Arc::strong_count(&counters[at]), 1, "a waker was left");
            }
            assert_eq!(token.cancel(), cancel_after == 5);
            assert_eq!(last.wakes(), 1);
            assert!(poll(&mut stays, Waker::noop()));
        }
    }
}

/// Two futures of all pairs of states are dropped by their thread while another one cancels.
#[test]
fn every_state_while_another_thread_cancels() {
    const STATES: [State; 4] = [NeverPolled, Pending, Replaced, Ready];
    watched("futures dropped during cancels", || {
        let mut rng = Rng::new(1);
        let mut cancelled_first = 0;
        for round in 0..8_000 {
            let token = CancelToken::new();
            let kept = Counter::new();
            let mut stays = prepare(Pending, &token, &kept);
            let counters = [Counter::new(), Counter::new()];
            let states = [STATES[round % 4], STATES[round / 4 % 4]];
            let mut waits = [
                prepare(states[0], &token, &counters[0]),
                prepare(states[1], &token, &counters[1]),
            ];
            let spins = [rng.below(300), rng.below(300)];
            let cancel = || {
                spin(spins[0]);
                assert!(token.cancel());
            };
            let drop_all = || {
                spin(spins[1]);
                for (wait, state) in waits.iter_mut().zip(states) {
                    if state == Ready {
                        // It may be so by now.
                        let _ = poll(wait, &counters[0].waker());
                    }
                }
                cancelled_first += usize::from(token.is_cancelled());
                drop(waits);
            };
            together(cancel, drop_all);
            assert_eq!(kept.wakes(), 1);
            assert!(poll(&mut stays, Waker::noop()), "woken, but not ready");
            for counter in &counters {
                assert!(counter.wakes() <= 1 + usize::from(states.contains(&Ready)));
                assert_eq!(Arc::strong_count(counter), 1, "a waker was left");
            }
        }
        assert!(cancelled_first > 0, "the threads never overlapped");
    });
}

/// Waits and their tokens' last handles go while another thread cancels their parent.
#[test]
fn owners_while_another_thread_cancels() {
    watched("owned futures dropped during cancels", || {
        let mut rng = Rng::new(2);
        for round in 0..4_000 {
            let root = CancelToken::new();
            let counters: Vec<_> = (0..3).map(|_| Counter::new()).collect();
            let (middle, mut waits) = (root.child(), Vec::new());
            for counter in &counters {
                waits.push(prepare(Pending, &middle.child(), counter));
            }
            let leaf = middle.child().child(); // adopted by `middle`
            let kept = Counter::new();
            let mut stays = prepare(Pending, &leaf, &kept);
            drop(leaf);
            rng.shuffle(&mut waits);
            let spins = [rng.below(200), rng.below(200)];
            together(
                || {
                    spin(spins[0]);
                    root.cancel_with(format!("round {round}"));
                },
                || {
                    spin(spins[1]);
                    drop(middle); // hands its children to `root`, or to the canceller
                    drop(waits);
                },
            );
            assert_eq!(kept.wakes(), 1);
            assert!(poll(&mut stays, Waker::noop()), "woken, but not ready");
            for counter in &counters {
                assert_eq!(Arc::strong_count(counter), 1, "a waker was left");
            }
        }
    });
}

fn spin(rounds: usize) {
    (0..rounds).for_each(|_| std::hint::spin_loop());
}
