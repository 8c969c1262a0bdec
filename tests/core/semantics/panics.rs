//! A11: callbacks and wakers that panic never silence the others.

use cancel_core::{CancelToken, Cause, Reason};
use cancel_tests::{Counter, Hooks};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

/// Panics without a line on stderr.
fn quiet(payload: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(payload))
}

/// What the call panics with.
fn panic_of<T>(call: impl FnOnce() -> T) -> &'static str {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => "no panic",
        Err(payload) => payload.downcast_ref::<&'static str>().unwrap_or(&"another"),
    }
}

fn panics_on_wake(payload: &'static str) -> (Waker, Arc<Hooks>) {
    Hooks::new().on_wake(move || quiet(payload)).waker()
}

#[test]
fn callbacks() {
    let (token, ran) = (CancelToken::new(), Arc::new(Mutex::new(Vec::new())));
    let child = token.child();
    let register = |token: &CancelToken, n: usize, panics: Option<&'static str>| {
        let ran = ran.clone();
        token.on_cancel(move |_| {
            ran.lock().unwrap().push(n);
            if let Some(payload) = panics {
                quiet(payload);
            }
        })
    };
    let registrations = [
        register(&token, 0, None),
        register(&token, 1, Some("first")),
        register(&token, 2, None),
        register(&token, 3, Some("second")),
        register(&token, 4, None),
        register(&child.child(), 5, None),
    ];
    assert_eq!(panic_of(|| token.cancel_with("why")), "first");
    ran.lock().unwrap().sort_unstable();
    assert_eq!(*ran.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    assert!(token.is_cancelled() && child.is_cancelled());
    assert!(!token.cancel(), "nothing is left to panic");
    assert_eq!(token.cause().unwrap().message(), Some("why"));
    drop(registrations);
}

#[test]
fn at_once_and_after() {
    let token = CancelToken::new();
    token.cancel();
    assert_eq!(
        panic_of(|| token.on_cancel(|_| quiet("at once"))),
        "at once"
    );
    let weak = Arc::new(());
    let held = weak.clone();
    let panicked = panic_of(|| {
        token.on_cancel(move |_| {
            let _held = &held;
            quiet("twice")
        })
    });
    assert_eq!(panicked, "twice");
    assert_eq!(Arc::strong_count(&weak), 1);
}

/// Every place in batches of every size, on the root and below.
#[test]
fn wakers() {
    for waits in [1, 2, 3, 31, 32, 33, 70] {
        for panicking in [0, 1, waits / 2, waits - 1] {
            let root = CancelToken::new();
            let inner = root.child();
            let follower = CancelToken::any([&inner]);
            let leaf = inner.child();
            let counter = Counter::new();
            let mut futures = Vec::new();
            for token in [&root, &inner, &follower, &leaf] {
                for n in 0..waits {
                    let mut wait = Box::pin(token.cancelled());
                    let waker = match n == panicking {
                        true => panics_on_wake("waker").0,
                        false => counter.waker(),
                    };
                    assert!(
                        wait.as_mut()
                            .poll(&mut Context::from_waker(&waker))
                            .is_pending()
                    );
                    futures.push(wait);
                }
            }
            let ran = Arc::new(AtomicUsize::new(0));
            let here = ran.clone();
            let registration = leaf.on_cancel(move |_| {
                here.fetch_add(1, SeqCst);
            });
            let panics = panicking < waits;
            assert_eq!(
                panic_of(|| root.cancel()),
                if panics { "waker" } else { "no panic" }
            );
            assert_eq!(counter.wakes(), 4 * (waits - usize::from(panics)));
            assert_eq!(ran.load(SeqCst), 1);
            for wait in &mut futures {
                assert!(
                    wait.as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()))
                        .is_ready()
                );
            }
            drop((futures, registration));
            assert!(!root.cancel());
        }
    }
}

/// A root with waiters and callbacks, and nothing below: in order, whoever panics.
#[test]
fn waiters_alone() {
    for waits in [2, 7, 8, 9, 16, 17, 40] {
        for panicking in [
            vec![],
            vec![0],
            vec![1, 0],
            vec![waits / 2],
            vec![waits - 1, 0],
        ] {
            for callback in [None, Some(0), Some(waits / 2), Some(waits)] {
                let root = CancelToken::new();
                let woken = Arc::new(Mutex::new(Vec::new()));
                let ran = Arc::new(AtomicUsize::new(0));
                let (mut futures, mut registrations) = (Vec::new(), Vec::new());
                for n in 0..=waits {
                    if callback == Some(n) {
                        let ran = ran.clone();
                        registrations.push(root.on_cancel(move |_| {
                            ran.fetch_add(1, SeqCst);
                        }));
                    }
                    if n == waits {
                        break;
                    }
                    let (woken, panics) = (woken.clone(), panicking.contains(&n));
                    let hooks = Hooks::new().on_wake(move || {
                        woken.lock().unwrap().push(n);
                        if panics {
                            quiet("waker");
                        }
                    });
                    let waker = hooks.waker().0;
                    let mut wait = Box::pin(root.cancelled());
                    let poll = wait.as_mut().poll(&mut Context::from_waker(&waker));
                    assert!(poll.is_pending());
                    futures.push(wait);
                }
                let expected = match panicking.is_empty() {
                    true => "no panic",
                    false => "waker",
                };
                assert_eq!(panic_of(|| root.cancel()), expected);
                assert!(woken.lock().unwrap().iter().copied().eq(0..waits));
                assert_eq!(ran.load(SeqCst), usize::from(callback.is_some()));
                drop((futures, registrations));
                assert!(root.is_cancelled() && !root.cancel());
            }
        }
    }
}

/// The first to be woken drops the waits behind it, and with them those that the canceller has not
/// come to.
#[test]
fn waiters_alone_that_go_meanwhile() {
    for waits in [2, 8, 9, 17, 40] {
        let root = CancelToken::new();
        let rest = Arc::new(Mutex::new(Vec::new()));
        let counter = Counter::new();
        let waiting = rest.clone();
        let hooks = Hooks::new().on_wake(move || waiting.lock().unwrap().clear());
        let mut first = Box::pin(root.cancelled());
        let poll = first
            .as_mut()
            .poll(&mut Context::from_waker(&hooks.waker().0));
        assert!(poll.is_pending());
        for _ in 1..waits {
            let mut wait = Box::pin(root.clone().cancelled_owned());
            let poll = wait
                .as_mut()
                .poll(&mut Context::from_waker(&counter.waker()));
            assert!(poll.is_pending());
            rest.lock().unwrap().push(wait);
        }
        assert!(root.cancel());
        assert!(rest.lock().unwrap().is_empty());
        // Those whose wakers had been taken out with the first one's are woken for nothing.
        assert!(counter.wakes() < 8.min(waits), "{}", counter.wakes());
    }
}

#[test]
fn all_wakers_panic() {
    let root = CancelToken::new();
    let tokens: Vec<CancelToken> = (0..50).map(|_| root.child().child()).collect();
    let mut hooks = Vec::new();
    let mut waits = Vec::new();
    for token in &tokens {
        let (waker, counts) = panics_on_wake("each");
        let mut wait = Box::pin(token.cancelled());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        waits.push(wait);
        hooks.push(counts);
    }
    assert_eq!(panic_of(|| root.cancel()), "each");
    assert!(
        hooks
            .iter()
            .all(|hooks| hooks.wakes() == 1 && hooks.alive() == 0)
    );
    assert!(tokens.iter().all(|token| token.is_cancelled()));
}

/// The clone of a waker panics: the poll panics, nothing is registered, the token lives on.
#[test]
fn waker_clone() {
    let token = CancelToken::new();
    let (waker, hooks) = Hooks::new().on_clone(|| quiet("clone")).waker();
    let mut cx = Context::from_waker(&waker);
    let mut fresh = Box::pin(token.cancelled());
    assert_eq!(panic_of(|| fresh.as_mut().poll(&mut cx)), "clone");

    let counter = Counter::new();
    let mut waiting = Box::pin(token.cancelled());
    let first = counter.waker();
    assert!(
        waiting
            .as_mut()
            .poll(&mut Context::from_waker(&first))
            .is_pending()
    );
    assert_eq!(panic_of(|| waiting.as_mut().poll(&mut cx)), "clone");

    assert!(token.cancel());
    assert_eq!(counter.wakes(), 1, "the old waker is still registered");
    assert_eq!(hooks.wakes(), 0);
    assert!(fresh.as_mut().poll(&mut cx).is_ready() && waiting.as_mut().poll(&mut cx).is_ready());
}

/// The drop of a waker panics: when replaced, when its future goes, and when woken.
#[test]
fn waker_drop() {
    let token = CancelToken::new();
    let counter = Counter::new();
    let armed = Arc::new(AtomicUsize::new(0));
    let make = || {
        let armed = armed.clone();
        let hooks = Hooks::new().on_drop(move || {
            if armed.load(SeqCst) > 0 {
                quiet("drop");
            }
        });
        let (waker, hooks) = hooks.waker();
        let mut wait = Box::pin(token.cancelled());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        (wait, hooks)
    };
    let ((mut replaced, hooks_1), (gone, hooks_2), (mut woken, hooks_3)) = (make(), make(), make());
    let mut other = Box::pin(token.cancelled());
    let waker = counter.waker();
    let mut cx = Context::from_waker(&waker);
    assert!(other.as_mut().poll(&mut cx).is_pending());
    armed.store(1, SeqCst);
    assert_eq!(panic_of(|| replaced.as_mut().poll(&mut cx)), "drop");
    assert_eq!(panic_of(|| drop(gone)), "drop");
    assert_eq!(panic_of(|| token.cancel()), "drop");
    assert_eq!(counter.wakes(), 2, "the replaced one and the other");
    assert_eq!(
        (hooks_1.wakes(), hooks_2.wakes(), hooks_3.wakes()),
        (0, 0, 1)
    );
    assert!(
        [hooks_1, hooks_2, hooks_3]
            .iter()
            .all(|hooks| hooks.alive() == 0)
    );
    assert!(replaced.as_mut().poll(&mut cx).is_ready() && woken.as_mut().poll(&mut cx).is_ready());
    assert!(other.as_mut().poll(&mut cx).is_ready());
}

/// A closure that is dropped unused, and a cause that is: foreign drops.
#[test]
fn closures_and_causes() {
    struct Bomb(&'static str);
    impl Drop for Bomb {
        fn drop(&mut self) {
            quiet(self.0);
        }
    }
    impl fmt::Debug for Bomb {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl fmt::Display for Bomb {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    impl Error for Bomb {}

    let token = CancelToken::new();
    let bomb = Bomb("closure");
    let registration = token.on_cancel(move |_| drop(bomb));
    assert_eq!(panic_of(|| drop(registration)), "closure");
    let bomb = Bomb("called");
    let registration = token.on_cancel(move |_| drop(bomb));
    assert_eq!(panic_of(|| token.cancel()), "called");
    drop(registration);
    let late = Cause::new(Reason::Error).with_error(Bomb("cause"));
    assert_eq!(panic_of(|| token.cancel_with(late)), "cause");
    assert!(token.is_cancelled() && token.cause().unwrap().reason() == Reason::Manual);

    let token = CancelToken::new();
    let child = token.child();
    token.cancel_with(Cause::new(Reason::Error).with_error(Bomb("last")));
    drop(token);
    assert_eq!(panic_of(|| drop(child)), "last");
}

#[test]
fn a_guard_dropped_by_a_panic() {
    let token = CancelToken::new();
    let child = token.child();
    let panicked = panic_of(|| {
        let _guard = token.clone().drop_guard();
        quiet("body")
    });
    assert_eq!(panicked, "body");
    assert_eq!(child.cause().unwrap().root_reason(), Reason::Dropped);
}
