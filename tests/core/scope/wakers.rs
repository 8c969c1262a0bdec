//! Instrument wakers on every path of a scope that takes one.

use crate::support::{Clock, SECOND, panic_of, poll, quiet};
use cancel_core::{CancelToken, Scope, Shields, Token};
use cancel_tests::{Counter, Hooks, watched};
use std::any::Any;
use std::future::{Future, pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// The last waker counts, for token, sources, grace and cleanup alike.
#[test]
fn the_last_waker_counts() {
    let (token, clock, gate) = (CancelToken::new(), Clock::new(), Token::new());
    let counters: [Arc<Counter>; 2] = [Counter::new(), Counter::new()];
    let source = Token::new();
    let mut run = Box::pin(
        Scope::new(&*token, pending::<()>())
            .source(source.cancelled())
            .grace(&clock, SECOND)
            .finally(async || drop(gate.cancelled().await)),
    );
    let mut both = || {
        counters.each_ref().map(|counter| {
            let waker = counter.waker();
            run.as_mut().poll(&mut Context::from_waker(&waker))
        })
    };
    let wakes = || counters.each_ref().map(|counter| counter.wakes());
    assert!(both().iter().all(Poll::is_pending));
    token.cancel();
    assert_eq!(wakes(), [0, 1]);
    assert!(both().iter().all(Poll::is_pending));
    clock.advance(SECOND);
    assert_eq!(wakes(), [0, 2]);
    assert!(both().iter().all(Poll::is_pending));
    gate.cancel();
    assert_eq!(wakes(), [0, 3]);
    let waker = counters[0].waker();
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
    );
    drop((run, waker));
    assert!(
        counters
            .iter()
            .all(|counter| Arc::strong_count(counter) == 1)
    );
}

/// Does everything that can be done to tokens from inside a wake.
#[test]
fn re_entrant() {
    watched("a scope's waker that acts", || {
        let (token, source) = (CancelToken::new(), CancelToken::new());
        let child = token.child();
        let (a, b) = (token.clone(), source.clone());
        let (waker, hooks) = Hooks::new()
            .on_wake(move || {
                assert!(a.is_cancelled() || b.is_cancelled());
                a.cancel();
                b.cancel();
                drop(a.child());
                drop(a.on_cancel(|_| {}));
            })
            .waker();
        let mut run =
            Box::pin(Scope::new(&*child, pending::<()>()).source(source.clone().cancelled_owned()));
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        source.cancel();
        assert!(token.is_cancelled());
        assert!(hooks.wakes() >= 2, "by the source, and by the token");
        assert!(run.as_mut().poll(&mut cx).is_ready());
    });
}

/// A waker that drops the very scope which it wakes.
#[test]
fn a_waker_that_drops_its_scope() {
    watched("a scope dropped by its waker", || {
        let token = CancelToken::new();
        let slot: Arc<Mutex<Option<Box<dyn Any + Send>>>> = Arc::default();
        let taken = slot.clone();
        let (waker, hooks) = Hooks::new()
            .on_wake(move || {
                let scope = taken.lock().unwrap().take();
                drop(scope);
            })
            .waker();
        let mut run = Box::pin(Scope::new(token.clone(), pending::<()>()));
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        *slot.lock().unwrap() = Some(Box::new(run));
        assert!(token.cancel());
        assert!(slot.lock().unwrap().is_none());
        drop(waker);
        assert_eq!(hooks.alive(), 0);
    });
}

/// Its clone panics: the poll does, the body stays, and a later poll goes on.
#[test]
fn a_waker_whose_clone_panics() {
    let (token, polls) = (CancelToken::new(), std::cell::Cell::new(0));
    let (waker, _hooks) = Hooks::new().on_clone(|| quiet("clone")).waker();
    let body = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::<()>::Pending
    });
    let mut run = Box::pin(Scope::new(&*token, body));
    let mut cx = Context::from_waker(&waker);
    assert_eq!(panic_of(|| run.as_mut().poll(&mut cx)), "clone");
    let counter = Counter::new();
    let second = counter.waker();
    let mut cx = Context::from_waker(&second);
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(polls.get(), 2);
    token.cancel();
    assert_eq!(counter.wakes(), 1);
    assert!(run.as_mut().poll(&mut cx).is_ready());
}

/// The shield is what clones it: a panic in the body, like any other.
#[test]
fn a_waker_whose_clone_panics_in_a_shield() {
    let (token, shields, closed) = (
        CancelToken::new(),
        Shields::new(),
        std::cell::Cell::new(false),
    );
    let (waker, _hooks) = Hooks::new().on_clone(|| quiet("clone")).waker();
    let run = Scope::new(&*token, shields.shield_future(pending::<()>()))
        .shields(&shields)
        .finally(async || closed.set(true));
    let mut run = Box::pin(run);
    let mut cx = Context::from_waker(&waker);
    assert_eq!(panic_of(|| run.as_mut().poll(&mut cx)), "clone");
    assert_eq!(
        (shields.is_open(), closed.get()),
        (false, cfg!(feature = "std"))
    );
}

/// Its wake panics: the cancel goes on to all others, and the scope sees it.
#[test]
fn a_waker_that_panics() {
    let token = CancelToken::new();
    let child = token.child();
    let (waker, _hooks) = Hooks::new().on_wake(|| quiet("wake")).waker();
    let counter = Counter::new();
    let mut run = Box::pin(Scope::new(&*token, pending::<()>()));
    let mut other = Box::pin(Scope::new(&*child, pending::<()>()));
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let plain = counter.waker();
    assert!(
        other
            .as_mut()
            .poll(&mut Context::from_waker(&plain))
            .is_pending()
    );
    assert_eq!(panic_of(|| token.cancel()), "wake");
    assert_eq!(counter.wakes(), 1);
    assert!(poll(run.as_mut()).is_ready() && poll(other.as_mut()).is_ready());
}

/// It cancels when it is dropped, which is when a poll with another waker replaces it.
#[test]
fn re_entrant_on_drop() {
    watched("a waker that cancels when it is replaced", || {
        let token = CancelToken::new();
        let handle = token.clone();
        let (waker, hooks) = Hooks::new()
            .on_drop(move || {
                handle.cancel();
            })
            .waker();
        let counter = Counter::new();
        let mut run = Box::pin(Scope::new(&*token, pending::<()>()));
        let mut cx = Context::from_waker(&waker);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        let second = counter.waker();
        let mut cx = Context::from_waker(&second);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        assert_eq!((hooks.drops(), counter.wakes()), (1, 1), "told at once");
        assert!(run.as_mut().poll(&mut cx).is_ready());
    });
}
