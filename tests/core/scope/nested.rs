//! Scopes in the bodies of others, in the same task.

use crate::support::{Clock, Log, SECOND, Task};
use cancel_core::{CancelToken, Child, Scope, Shields, Token};
use std::future::pending;
use std::pin::pin;
use std::task::Poll;

/// Three levels, the outermost of which is cancelled while the innermost is just running: its cleanup
/// runs, then that of the middle one, then the outermost body is dropped.
#[test]
fn cleanups_from_the_inside_out() {
    let (root, log) = (Token::new(), Log::default());
    let outer = Shields::new();
    let middle = Shields::nested(&outer);
    let innermost = Shields::nested(&middle);
    let gates = [Token::new(), Token::new()];
    let run = Scope::new(&root, async {
        let token = pin!(Child::new(&root));
        let token = token.enter();
        let body = async {
            let token = pin!(Child::new(token));
            let body = pending::<()>();
            let run = Scope::new(token.enter(), body)
                .shields(&innermost)
                .finally(async || {
                    gates[0].cancelled().await;
                    log.add("innermost");
                });
            assert!(run.await.is_err());
            log.add("not dropped before its next suspension");
            pending::<()>().await;
        };
        let run = Scope::new(token, body).shields(&middle).finally(async || {
            gates[1].cancelled().await;
            log.add("middle");
        });
        assert!(run.await.is_err());
        pending::<()>().await;
    })
    .shields(&outer)
    .finally(async || log.add("outer"));
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    root.cancel();
    for gate in &gates {
        assert!(task.go().is_pending());
        assert!(outer.is_open());
        gate.cancel();
    }
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    let expected = [
        "innermost",
        "not dropped before its next suspension",
        "middle",
        "outer",
    ];
    assert_eq!(log.take(), expected);
    assert!(
        ![&outer, &middle, &innermost]
            .iter()
            .any(|shields| shields.is_open())
    );
}

/// A grace period inside holds, too, and one that is zero does not.
#[test]
fn grace_inside() {
    for seconds in [0, 1] {
        let (root, clock, outer) = (CancelToken::new(), Clock::new(), Shields::new());
        let inner = Shields::nested(&outer);
        let child = root.child();
        let body = async {
            let body = async {
                child.cancelled().await;
                clock_sleep(&clock).await;
                5
            };
            let run = Scope::new(&*child, body).shields(&inner);
            run.grace(&clock, seconds * SECOND).await
        };
        let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
        assert!(task.go().is_pending());
        assert_eq!((outer.is_open(), inner.is_open()), (seconds == 1, false));
        root.cancel();
        match seconds {
            0 => assert!(matches!(task.go(), Poll::Ready(Err(_)))),
            _ => {
                assert!(task.go().is_pending());
                clock.advance(SECOND / 2);
                assert_eq!(task.go(), Poll::Ready(Ok(Ok(5))));
            }
        }
        assert!(!outer.is_open() && !inner.is_open() && clock.armed() == 0);
    }
}

async fn clock_sleep(clock: &Clock) {
    cancel_core::Timer::sleep(&clock, SECOND / 2).await.unwrap();
}

/// A shield inside holds all scopes around it, also those of scopes without an end of their own.
#[test]
fn a_shield_inside() {
    let (root, gate) = (CancelToken::new(), Token::new());
    let outer = Shields::new();
    let middle = Shields::nested(&outer);
    let inner = Shields::nested(&middle);
    let (child, grandchild) = (root.child(), root.child().child());
    let body = async {
        let body = async {
            let body = inner.shield_future(gate.cancelled());
            let run = Scope::new(&*grandchild, body).shields(&inner);
            assert!(run.await.is_ok(), "the shield gives its output");
            pending::<()>().await;
        };
        let _ = Scope::new(&*child, body).shields(&middle).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
    assert!(task.go().is_pending());
    assert_eq!(
        [&outer, &middle, &inner].map(|shields| shields.is_open()),
        [true; 3]
    );
    root.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!(
        [&outer, &middle, &inner].map(|shields| shields.is_open()),
        [false; 3]
    );
}

/// A scope with nothing to do at its end goes with the body around it.
#[test]
fn without_an_end_of_its_own() {
    let (root, outer, log) = (CancelToken::new(), Shields::new(), Log::default());
    let inner = Shields::nested(&outer);
    let child = root.child();
    let body = async {
        let _gone = log.on_drop("body gone");
        let _ = Scope::new(&*child, pending::<()>()).shields(&inner).await;
        log.add("after");
    };
    let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
    assert!(task.go().is_pending());
    assert!(!outer.is_open());
    root.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!(log.take(), ["body gone"]);
}

/// Only the inner one is cancelled: the outer one goes on.
#[test]
fn the_inner_one_alone() {
    let (root, outer) = (CancelToken::new(), Shields::new());
    let inner = Shields::nested(&outer);
    let child = root.child();
    let body = async {
        let run = Scope::new(&*child, pending::<()>()).shields(&inner);
        assert!(run.finally(async || {}).await.is_err());
        smol::future::yield_now().await;
        5
    };
    let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
    assert!(task.go().is_pending());
    child.cancel();
    assert_eq!(task.go(), Poll::Ready(Ok(5)));
    assert!(!outer.is_open() && !inner.is_open());
}

/// An inner scope that the outer body drops or forgets holds it no longer.
#[test]
fn dropped_and_leaked() {
    for leaked in [false, true] {
        let (root, outer) = (CancelToken::new(), Shields::new());
        let inner = Shields::nested(&outer);
        let child = root.child();
        let body = async {
            let run = Scope::new(&*child, pending::<()>()).shields(&inner);
            let mut run = Box::pin(run.finally(async || {}));
            assert!(futures_util::poll!(run.as_mut()).is_pending());
            assert!(outer.is_open());
            match leaked {
                true => std::mem::forget(run),
                false => drop(run),
            }
            pending::<()>().await;
        };
        let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
        assert!(task.go().is_pending());
        root.cancel();
        assert!(task.go().is_ready());
        assert!(!outer.is_open() && !inner.is_open());
    }
}

/// In a cleanup: it is held from outside by that already, and its own end holds as well.
#[test]
fn in_a_cleanup() {
    let (root, outer, log, gate) = (
        CancelToken::new(),
        Shields::new(),
        Log::default(),
        Token::new(),
    );
    let inner = Shields::nested(&outer);
    let fresh = Token::new();
    let run = Scope::new(&*root, pending::<()>())
        .shields(&outer)
        .finally(async || {
            let run = Scope::new(&fresh, gate.cancelled()).shields(&inner);
            assert!(run.finally(async || log.add("inner")).await.is_ok());
            log.add("outer");
        });
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    root.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!(log.take(), ["inner", "outer"]);
    assert!(!outer.is_open() && !inner.is_open());
}
