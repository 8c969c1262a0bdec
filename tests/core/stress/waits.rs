//! Waits and callbacks against cancels: nothing is lost, nothing runs twice.

use super::STRICT;
use crate::Config;
use crate::rounds::{dither, rounds};
use cancel_core::{CancelToken, OnCancel, Registration};
use cancel_tests::spin::Spin;
use cancel_tests::{Counter, Rng, within};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};

/// A root, and tokens below it of every kind.
fn family(rng: &mut Rng) -> Vec<CancelToken> {
    let root = CancelToken::new();
    let mut tokens = vec![root.clone(), root.child(), CancelToken::any([&root])];
    tokens.push(tokens[2].child());
    tokens.push(CancelToken::all([&tokens[1], &root.child().child()]));
    for _ in 0..rng.below(6) {
        let child = tokens[rng.below(tokens.len())].child();
        tokens.push(child);
    }
    tokens
}

/// Some threads wait, two cancel: every wait that stays pending is woken.
pub(crate) fn wakeups(config: Config) {
    rounds(
        config,
        family,
        |tokens, me, rng| {
            if me == 0 {
                dither(rng);
                tokens[0].cancel();
                return;
            }
            let counters = [0; 8].map(|_| Counter::new());
            let mut waits: Vec<Pin<Box<_>>> = Vec::new();
            for counter in &counters {
                let token = &tokens[rng.below(tokens.len())];
                let mut wait = Box::pin(token.cancelled());
                // With one waker, then with another one.
                let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                let waker = counter.waker();
                let pending = wait
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending();
                waits.push(wait);
                if !pending {
                    counter.waker().wake();
                }
            }
            if me == 1 {
                dither(rng);
                tokens[1].cancel();
            }
            let keep = rng.below(9);
            waits.truncate(keep); // some go while they are woken
            for (counter, wait) in counters.iter().zip(&mut waits) {
                within("the wake-up", || counter.wakes() > 0);
                let ready = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(ready.is_ready() && counter.wakes() == 1);
            }
            drop(waits);
            for counter in &counters {
                // A canceller may have the waker, and be about to wake it.
                within("the waker's drop", || Arc::strong_count(counter) == 1);
            }
        },
        drop,
    );
}

/// Whether a closure was called, and whether it is gone.
#[derive(Default)]
struct Fate {
    called: AtomicUsize,
    dropped: AtomicUsize,
}

struct Tally(Arc<Fate>);

impl Drop for Tally {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, SeqCst);
    }
}

type Kept = (Registration<CancelToken>, Arc<Fate>);

struct Callbacks {
    tokens: Vec<CancelToken>,
    /// Registrations that callbacks and other threads drop.
    shared: Arc<Spin<Vec<Registration<CancelToken>>>>,
    /// Those that nobody drops.
    kept: Spin<Vec<Kept>>,
    fates: Spin<Vec<Arc<Fate>>>,
}

/// Callbacks are registered, run and dropped at once: each closure goes exactly once, is called at
/// most once, and is called if its registration stays.
pub(crate) fn callbacks(config: Config) {
    let make = |rng: &mut Rng| Callbacks {
        tokens: family(rng),
        shared: Arc::new(Spin::new(Vec::new())),
        kept: Spin::new(Vec::new()),
        fates: Spin::new(Vec::new()),
    };
    rounds(
        config,
        make,
        |all, me, rng| {
            let (mut kept, mut fates) = (Vec::new(), Vec::new());
            for n in 0..10 {
                if n == 5 {
                    dither(rng);
                    match me {
                        0 => {
                            all.tokens[0].cancel_with("stop");
                        }
                        1 => drop(all.tokens[rng.below(3)].clone().drop_guard()),
                        _ => {}
                    }
                }
                let token = &all.tokens[rng.below(all.tokens.len())];
                let (parent, owned) = (token.clone(), token.child());
                let shared = all.shared.clone();
                let fate = Arc::new(Fate::default());
                let tally = Tally(fate.clone());
                let registration = token.on_cancel(move |_| {
                    // Called at once, it may be ahead of the canceller, which a cancel is not.
                    assert!(!parent.cancel() && (!STRICT || owned.is_cancelled()));
                    tally.0.called.fetch_add(1, SeqCst);
                    drop(shared.with(Vec::pop)); // perhaps its own
                });
                fates.push(fate.clone());
                match n % 4 {
                    0 => all.shared.with(|shared| shared.push(registration)),
                    1 => drop(registration),
                    2 => drop((all.shared.with(Vec::pop), registration)),
                    _ => kept.push((registration, fate)),
                }
            }
            all.kept.with(|all| all.append(&mut kept));
            all.fates.with(|all| all.append(&mut fates));
        },
        |all| {
            assert!(all.tokens.iter().all(|token| token.is_cancelled()));
            drop(all.shared.replace(Vec::new()));
            for (registration, fate) in all.kept.replace(Vec::new()) {
                assert_eq!(fate.called.load(SeqCst), 1, "not called");
                drop(registration);
            }
            for fate in all.fates.replace(Vec::new()) {
                assert!(fate.called.load(SeqCst) <= 1, "called twice");
                assert_eq!(fate.dropped.load(SeqCst), 1, "each closure goes once");
            }
        },
    );
}

/// Callbacks in place capture references to statics alone: so many each thread has, each for one
/// callback of a round.
const HOOKS: usize = 16;
static CALLS: [[AtomicUsize; HOOKS]; 64] = [const { [const { AtomicUsize::new(0) }; HOOKS] }; 64];

/// Callbacks in place are entered, called and dropped at once, among waiters and callbacks on the
/// heap: each is called at most once, and is called if it stays.
pub(crate) fn hooks(config: Config) {
    assert!(config.threads <= CALLS.len());
    rounds(
        config,
        family,
        |tokens, me, rng| {
            let calls = &CALLS[me];
            // (All cancels of the last round have returned.)
            calls.iter().for_each(|call| call.store(0, SeqCst));
            let counter = Counter::new();
            let waker = counter.waker();
            let (mut kept, mut others) = (Vec::new(), Vec::new());
            for (n, call) in calls.iter().enumerate() {
                if n == HOOKS / 2 && me < 2 {
                    dither(rng);
                    tokens[me].cancel();
                }
                let token = &tokens[rng.below(tokens.len())];
                let mut hook = Box::pin(OnCancel::new(token, move |_| {
                    call.fetch_add(1, SeqCst);
                }));
                hook.as_mut().enter();
                match rng.below(3) {
                    0 => drop(hook),
                    _ => kept.push((hook, call)),
                }
                let mut wait = Box::pin(token.cancelled());
                let _ = wait.as_mut().poll(&mut Context::from_waker(&waker));
                others.push((wait, token.on_cancel(|_| {})));
                if rng.one_in(4) {
                    drop(others.swap_remove(rng.below(others.len())));
                }
            }
            for (hook, call) in kept {
                within("the call", || call.load(SeqCst) == 1);
                drop(hook);
            }
            assert!(calls.iter().all(|call| call.load(SeqCst) <= 1));
            drop((others, waker));
            within("the waker's drop", || Arc::strong_count(&counter) == 1);
        },
        drop,
    );
}
