//! Shields.

use crate::support::{Clock, Log, SECOND, Task, panic_of, poll};
use cancel_core::{CancelToken, Cancelled, Control, Scope, Shield, Shields, Token};
use cancel_tests::{Counter, within};
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

/// Several in a row all run, and what is between them, up to the first suspension outside.
#[test]
fn several_in_a_row() {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let gates = [Token::new(), Token::new(), Token::new()];
    let body = async {
        for gate in &gates {
            shields.shield(gate.cancelled()).await;
            log.add("shield");
        }
        shields.shield(ready(())).await;
        log.add("last");
        smol::future::yield_now().await;
        log.add("never");
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    for gate in &gates {
        assert!(task.go().is_pending());
        assert!(shields.is_open());
        gate.cancel();
    }
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!(log.take(), ["shield", "shield", "shield", "last"]);
    assert_eq!(shields.held(), 0);
}

/// Opened before the cancel, and another one inside it.
#[test]
fn nested_and_dropped() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        let inner = async {
            let mut unused = Box::pin(shields.shield(pending::<()>()));
            assert!(futures_util::poll!(unused.as_mut()).is_pending());
            assert_eq!(shields.held(), 2);
            drop(unused); // dropped while open
            assert_eq!(shields.held(), 1);
            gate.cancelled().await;
        };
        shields.shield(inner).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(task.go().is_ready());
    assert_eq!(shields.held(), 0);
}

/// A shield holds from its first poll on, not before.
#[test]
fn one_that_is_not_polled_holds_nothing() {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let _unused = shields.shield(pending::<()>());
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    assert!(!shields.is_open());
    token.cancel();
    assert!(task.go().is_ready());
}

/// While a shield is open the whole body is polled, and a value ends the scope as ever.
#[test]
fn the_whole_body_is_polled_meanwhile() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        let beside = async {
            gate.cancelled().await;
            5
        };
        let shielded = pin!(shields.shield(pending::<()>()));
        match futures_util::future::select(shielded, pin!(beside)).await {
            futures_util::future::Either::Left(_) => unreachable!(),
            futures_util::future::Either::Right((value, _)) => value,
        }
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert_eq!(task.go(), Poll::Ready(Ok(5)));
    assert_eq!(shields.held(), 0);
}

/// The end of a grace period does not open a shield; the shield's end ends the body then.
#[test]
fn a_shield_outlasts_the_grace_period() {
    for shield_first in [false, true] {
        let (token, shields, gate, clock) =
            (Token::new(), Shields::new(), Token::new(), Clock::new());
        let body = async {
            shields.shield(gate.cancelled()).await;
            pending::<()>().await;
        };
        let run = Scope::new(&token, body)
            .shields(&shields)
            .grace(&clock, SECOND);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        token.cancel();
        assert!(task.go().is_pending());
        assert_eq!(shields.held(), 2);
        for step in [shield_first, !shield_first] {
            assert!(task.go().is_pending());
            match step {
                true => drop(gate.cancel()),
                false => clock.advance(SECOND),
            }
        }
        assert!(task.go().is_ready());
        assert_eq!((shields.held(), clock.armed()), (0, 0));
    }
}

/// The second request ends grace, never a shield.
#[test]
fn the_second_request_does_not_end_a_shield() {
    let (token, shields, gate, clock) = (Token::new(), Shields::new(), Token::new(), Clock::new());
    let second = Token::new();
    let body = async {
        shields.shield(gate.cancelled()).await;
        pending::<()>().await;
    };
    let run = Scope::new(&token, body)
        .source(second.cancelled())
        .shields(&shields)
        .grace(&clock, SECOND);
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    second.cancel();
    assert!(task.go().is_pending());
    assert_eq!(clock.armed(), 0, "the grace period is over");
    gate.cancel();
    assert!(task.go().is_ready());
}

#[test]
fn in_a_cleanup() {
    let (token, shields, gate, log) = (Token::new(), Shields::new(), Token::new(), Log::default());
    let run = Scope::new(&token, pending::<()>())
        .shields(&shields)
        .finally(async || {
            shields.shield(gate.cancelled()).await;
            shields.shield(ready(())).await;
            smol::future::yield_now().await;
            log.add("cleanup");
        });
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    assert_eq!(shields.held(), 2);
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!((log.take(), shields.held()), (vec!["cleanup"], 0));
}

/// Leaked while open: it stays open, and the body is never dropped for a cancel. A value still ends it.
#[test]
fn a_forgotten_shield() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        let mut leaked = Box::pin(shields.shield(pending::<()>()));
        assert!(futures_util::poll!(leaked.as_mut()).is_pending());
        std::mem::forget(leaked);
        gate.cancelled().await;
        5
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert_eq!(task.go(), Poll::Ready(Ok(5)));
    assert_eq!(shields.held(), 1);
}

#[test]
fn polled_after_its_end() {
    let shields = Shields::new();
    let mut shield = pin!(shields.shield(ready(5)));
    assert_eq!(poll(shield.as_mut()), Poll::Ready(5));
    let panic = panic_of(|| poll(shield));
    assert_eq!(panic, "`Shield` polled after its end");
    assert!(!shields.is_open());
}

/// A control of one's own: told once, before the body goes; and its release in another thread wakes
/// the scope, as the contract asks for.
#[derive(Clone, Default)]
struct Remote(Arc<Shared>);

#[derive(Default)]
struct Shared {
    held: AtomicU32,
    asked: AtomicU32,
    waker: std::sync::Mutex<Option<Waker>>,
}

impl Control for Remote {
    fn hold(&self) {
        self.0.held.fetch_add(1, SeqCst);
    }
    fn release(&self) {
        if self.0.held.fetch_sub(1, SeqCst) == 1 {
            let waker = self.0.waker.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
    fn held(&self) -> u32 {
        self.0.held.load(SeqCst)
    }
    fn hold_outer(&self) {}
    fn release_outer(&self) {}
    fn asked(&self, cancelled: &Cancelled) {
        assert_eq!(cancelled.message(), Some("why"));
        self.0.asked.fetch_add(1, SeqCst);
    }
}

#[test]
fn released_by_another_thread() {
    let (token, gate) = (CancelToken::new(), CancelToken::new());
    let remote = Remote::default();
    let shared = remote.0.clone();
    let mut shield = Box::pin(Shield::new(remote.clone(), gate.cancelled_owned()));
    assert!(poll(shield.as_mut()).is_pending());
    let counter = Counter::new();
    *shared.waker.lock().unwrap() = Some(counter.waker());
    let mut run = Box::pin(Scope::new(&*token, pending::<()>()).shields(remote));
    let waker = counter.waker();
    let mut cx = Context::from_waker(&waker);
    assert!(run.as_mut().poll(&mut cx).is_pending());
    assert_eq!(shared.asked.load(SeqCst), 0);
    token.cancel_with("why");
    for _ in 0..2 {
        assert!(run.as_mut().poll(&mut cx).is_pending());
        assert_eq!(shared.asked.load(SeqCst), 1);
    }
    let wakes = counter.wakes();
    let other = std::thread::spawn(move || drop(shield));
    within("the release wakes the scope", || counter.wakes() > wakes);
    other.join().unwrap();
    assert!(run.as_mut().poll(&mut cx).is_ready());
    assert_eq!(shared.asked.load(SeqCst), 1);
}
