//! Registrations: dropped, taken back, waited for, detached, forgotten.

use cancel_core::{CancelToken, Child, Reason, Token};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// Counts calls, and shows by its strong count whether closures are left.
type Calls = Arc<AtomicUsize>;

fn count(calls: &Calls) -> impl FnOnce(&cancel_core::Cancelled) + Send + 'static {
    let calls = calls.clone();
    move |_| {
        calls.fetch_add(1, SeqCst);
    }
}

/// Calls so far, and closures that are left.
fn state(calls: &Calls) -> (usize, usize) {
    (calls.load(SeqCst), Arc::strong_count(calls) - 1)
}

#[test]
fn unregister_says_whether_it_will_ever_run() {
    let (token, calls) = (CancelToken::new(), Calls::default());
    assert!(token.on_cancel(count(&calls)).unregister());
    assert_eq!(state(&calls), (0, 0));
    let registration = token.on_cancel(count(&calls));
    token.cancel();
    assert_eq!(state(&calls), (1, 0));
    assert!(!registration.unregister());
    assert!(
        !token.on_cancel(count(&calls)).unregister(),
        "called at once"
    );
    assert_eq!(state(&calls), (2, 0));
    assert!(CancelToken::never().on_cancel(count(&calls)).unregister());
    assert_eq!(state(&calls), (2, 0));
}

/// A callback takes back another one: true if that had not run yet.
#[test]
fn unregister_from_inside_a_callback() {
    let (token, calls) = (CancelToken::new(), Calls::default());
    let before = token.on_cancel(count(&calls));
    let after = Arc::new(Mutex::new(None));
    let slot = after.clone();
    let from_inside = token.on_cancel(move |_| {
        assert!(!before.unregister());
        assert!(
            slot.lock()
                .unwrap()
                .take()
                .is_some_and(|it: cancel_core::Registration<_>| it.unregister())
        );
    });
    *after.lock().unwrap() = Some(token.on_cancel(count(&calls)));
    token.cancel();
    assert_eq!(state(&calls), (1, 0));
    assert!(!from_inside.unregister());
}

#[test]
#[allow(clippy::let_underscore_must_use)]
fn x17_what_let_underscore_does() {
    let (token, calls) = (CancelToken::new(), Calls::default());
    let _ = token.on_cancel(count(&calls));
    token.on_cancel(count(&calls)).detach();
    assert_eq!(state(&calls), (0, 1), "the first one is gone");
    token.cancel();
    assert_eq!(state(&calls), (1, 0));
}

/// Every kind of token, cancelled.
#[test]
fn x69_detached_it_runs() {
    static STOP: Token = Token::new();
    let (parent, place) = (CancelToken::new(), Token::new());
    let (child, any) = (parent.child(), CancelToken::any([&parent]));
    let below = pin!(Child::new(&place));
    let below = below.enter();
    let calls = Calls::default();
    for token in [&parent, &child, &any] {
        token.on_cancel(count(&calls)).detach();
        token.on_cancel_ref(count(&calls)).detach();
    }
    for token in [&place, below, &STOP] {
        token.on_cancel_ref(count(&calls)).detach();
    }
    assert_eq!(state(&calls), (0, 9));
    parent.cancel();
    assert_eq!(state(&calls), (6, 3));
    place.cancel();
    STOP.cancel();
    assert_eq!(state(&calls), (9, 0));
    parent.on_cancel(count(&calls)).detach(); // at once
    assert_eq!(state(&calls), (10, 0));
}

/// Every kind of token, gone without a cancel: detaching keeps neither token nor closure.
#[test]
fn x69_detached_it_goes_with_its_token() {
    let calls = Calls::default();
    let detach =
        |token: &Token, n| (0..n).for_each(|_| token.on_cancel_ref(count(&calls)).detach());
    let root = CancelToken::new();
    for n in [1, 2, 70] {
        for with_child in [false, true] {
            for multi in [0, 1, 2] {
                let token = match multi {
                    0 => root.child(),
                    1 => CancelToken::any([&root]),
                    _ => CancelToken::new(),
                };
                let child = with_child.then(|| token.child());
                detach(&token, n);
                token.on_cancel(count(&calls)).detach();
                assert_eq!(state(&calls), (0, n + 1));
                drop(token);
                // A follower is kept by its children.
                let kept = if with_child && multi == 1 { n + 1 } else { 0 };
                assert_eq!(state(&calls), (0, kept), "{n} {with_child} {multi}");
                drop(child);
                assert_eq!(state(&calls), (0, 0));
            }
        }
        let place = Token::new();
        detach(&place, n);
        let moved = Box::new(place);
        {
            let child = pin!(Child::new(&moved));
            detach(child.enter(), n);
            assert_eq!(state(&calls), (0, 2 * n));
        }
        assert_eq!(state(&calls), (0, n));
        drop(moved);
        assert_eq!(state(&calls), (0, 0));
    }
    assert!(root.cancel());
    assert_eq!(state(&calls), (0, 0));
}

/// What waits beside them, in any order, is not touched.
#[test]
fn x69_among_others() {
    let (root, calls) = (CancelToken::new(), Calls::default());
    let token = root.child();
    let leaf = token.child();
    let kept = token.on_cancel(count(&calls));
    token.on_cancel(count(&calls)).detach();
    let dropped = token.on_cancel(count(&calls));
    token.on_cancel(count(&calls)).detach();
    drop(dropped);
    drop(token); // `kept` keeps it
    assert_eq!(state(&calls), (0, 3));
    root.cancel_with(Reason::Shutdown);
    assert!(leaf.is_cancelled());
    assert_eq!(state(&calls), (3, 0));
    drop(kept);
}

/// Forgotten on a borrowed token, the closure goes with the token; on a shared one it keeps that.
#[test]
fn x69_forgotten() {
    let calls = Calls::default();
    let place = Token::new();
    std::mem::forget(place.on_cancel_ref(count(&calls)));
    assert_eq!(state(&calls), (0, 1));
    drop(place);
    assert_eq!(state(&calls), (0, 0));

    let parent = CancelToken::new();
    let token = parent.child();
    std::mem::forget(token.on_cancel(count(&calls)));
    drop(token);
    assert_eq!(state(&calls), (0, 1));
    parent.cancel();
    assert_eq!(state(&calls), (1, 0));
}

/// A closure that is dropped with its token may use other tokens, and may be the last handle of one.
#[test]
fn x69_a_detached_closure_with_tokens_of_its_own() {
    struct OnDrop(CancelToken);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.cancel_with("dropped");
        }
    }
    let (token, seen, calls) = (CancelToken::new(), CancelToken::new(), Calls::default());
    let inner = CancelToken::new();
    inner.on_cancel(count(&calls)).detach();
    let (bomb, last) = (OnDrop(seen.clone()), inner);
    token.on_cancel(move |_| drop((bomb, last))).detach();
    assert_eq!(state(&calls), (0, 1));
    drop(token);
    assert_eq!(seen.cause().unwrap().message(), Some("dropped"));
    assert_eq!(state(&calls), (0, 0));
}

#[cfg(feature = "std")]
mod with_std {
    use super::{Calls, count, state};
    use cancel_core::{CancelToken, Token};
    use cancel_tests::watched;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::sync::mpsc::channel;
    use std::sync::{Arc, Mutex};
    use std::thread;

    struct Panics(&'static str);
    impl Drop for Panics {
        fn drop(&mut self) {
            if !thread::panicking() {
                resume_unwind(Box::new(self.0));
            }
        }
    }

    #[test]
    fn x69_a_closure_that_panics_when_dropped_with_its_token() {
        let calls = Calls::default();
        for place in [false, true] {
            let (shared, in_place) = (CancelToken::new(), Token::new());
            let token: &Token = if place { &in_place } else { &shared };
            token.on_cancel_ref(count(&calls)).detach();
            let (one, two) = (Panics("first"), Panics("second"));
            token.on_cancel_ref(move |_| drop(one)).detach();
            token.on_cancel_ref(count(&calls)).detach();
            token.on_cancel_ref(move |_| drop(two)).detach();
            token.on_cancel_ref(count(&calls)).detach();
            assert_eq!(state(&calls), (0, 3));
            let panicked = catch_unwind(AssertUnwindSafe(|| match place {
                true => drop(in_place),
                false => drop(shared),
            }));
            let payload = panicked.unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"first"));
            assert_eq!(state(&calls), (0, 0), "all others are dropped, too");
        }
    }

    /// When it returns, the callback has returned and its closure is gone.
    #[test]
    fn waiting_for_a_callback_on_another_thread() {
        watched("a callback that is waited for", || {
            for _ in 0..100 {
                let (token, ended) = (CancelToken::new(), Arc::new(AtomicBool::new(false)));
                let (entered, is_in) = channel();
                let (go_on, may_go) = channel::<()>();
                let done = ended.clone();
                let registration = token.on_cancel(move |_| {
                    entered.send(()).unwrap();
                    may_go.recv().unwrap();
                    (0..100).for_each(|_| thread::yield_now());
                    done.store(true, SeqCst);
                });
                let canceller = thread::spawn(move || token.cancel());
                is_in.recv().unwrap();
                go_on.send(()).unwrap();
                assert!(!registration.unregister_and_wait());
                assert!(ended.load(SeqCst) && Arc::strong_count(&ended) == 1);
                assert!(canceller.join().unwrap());
            }
        });
    }

    #[test]
    fn waiting_for_nothing() {
        watched("nothing to wait for", || {
            let (token, calls) = (CancelToken::new(), Calls::default());
            assert!(token.on_cancel(count(&calls)).unregister_and_wait());
            let registration = token.on_cancel(count(&calls));
            token.cancel();
            assert!(!registration.unregister_and_wait());
            assert!(!token.on_cancel(count(&calls)).unregister_and_wait());
            assert_eq!(state(&calls), (2, 0));
        });
    }

    /// From inside, directly or from a callback of a token that this one cancels.
    #[test]
    fn waiting_for_oneself_returns_at_once() {
        for nested in [false, true] {
            watched("a callback that waits for itself", move || {
                let (token, other) = (CancelToken::new(), CancelToken::new());
                let own = Arc::new(Mutex::new(None));
                let slot = own.clone();
                let wait = move || {
                    let taken: Option<cancel_core::Registration<CancelToken>> =
                        slot.lock().unwrap().take();
                    assert!(!taken.unwrap().unregister_and_wait());
                };
                let below = other.clone();
                *own.lock().unwrap() = Some(if nested {
                    other.on_cancel(move |_| wait()).detach();
                    token.on_cancel(move |_| assert!(below.cancel()))
                } else {
                    token.on_cancel(move |_| wait())
                });
                assert!(token.cancel());
                assert!(own.lock().unwrap().is_none());
            });
        }
    }

    #[test]
    fn waiting_for_a_callback_that_panics() {
        watched("a callback that panics", || {
            let token = CancelToken::new();
            let (entered, is_in) = channel();
            let (go_on, may_go) = channel::<()>();
            let registration = token.on_cancel(move |_| {
                entered.send(()).unwrap();
                may_go.recv().unwrap();
                resume_unwind(Box::new("callback"));
            });
            let canceller = thread::spawn(move || token.cancel());
            is_in.recv().unwrap();
            go_on.send(()).unwrap();
            assert!(!registration.unregister_and_wait());
            assert!(canceller.join().is_err());
        });
    }
}

/// Such a token is there for ever, and would keep them for as long.
#[test]
fn callbacks_detached_from_a_token_that_is_never_cancelled_are_dropped() {
    let calls = Calls::default();
    for _ in 0..10 {
        CancelToken::never().on_cancel(count(&calls)).detach();
        Token::never().on_cancel_ref(count(&calls)).detach();
    }
    assert_eq!(Arc::strong_count(&calls), 1);
    assert!(CancelToken::never().on_cancel(count(&calls)).unregister());
    assert_eq!(calls.load(SeqCst), 0);
}
