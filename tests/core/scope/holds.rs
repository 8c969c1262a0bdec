//! Shields.

use crate::support::{Clock, Log, SECOND, Task, panic_of, poll};
use cancel_core::{CancelToken, Child, Deadline, Reason, Scope, Shields, Token};
use cancel_tests::Counter;
use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// Several in a row all run, and what is between them, up to the first suspension outside.
#[test]
fn several_in_a_row() {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let gates = [Token::new(), Token::new(), Token::new()];
    let body = async {
        for gate in &gates {
            shields.shield(async |_| gate.cancelled().await).await;
            log.add("shield");
        }
        shields.shield_future(ready(())).await;
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
    assert!(!shields.is_open());
}

/// Opened before the cancel, and another one inside it.
#[test]
fn nested_and_dropped() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        let inner = async {
            let mut unused = Box::pin(shields.shield_future(pending::<()>()));
            assert!(futures_util::poll!(unused.as_mut()).is_pending());
            drop(unused); // dropped while open
            assert!(shields.is_open());
            gate.cancelled().await;
        };
        shields.shield_future(inner).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(task.go().is_ready());
    assert!(!shields.is_open());
}

/// A shield holds from its first poll on, not before.
#[test]
fn one_that_is_not_polled_holds_nothing() {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let _unused = shields.shield_future(pending::<()>());
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    assert!(!shields.is_open());
    token.cancel();
    assert!(task.go().is_ready());
    assert_eq!(task.polls, 2);
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
        let shielded = pin!(shields.shield_future(pending::<()>()));
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
    assert!(!shields.is_open());
}

/// The work in a shield is ordinary work: neither the scope's cancelation nor its deadline reaches it, and
/// scopes, children and deadlines below it work.
#[test]
fn x2_the_work_in_a_shield_is_ordinary_work() {
    let (token, shields, clock, log) = (
        CancelToken::new(),
        Shields::new(),
        Clock::new(),
        Log::default(),
    );
    let whole = Deadline::new(&clock).timeout(SECOND);
    let body = async {
        let work = async |inner: &Token| {
            token.cancelled().await;
            assert!(inner.check().is_ok());
            let child = pin!(Child::new(inner));
            let child = child.enter();
            let limit = Deadline::new(&clock).timeout(2 * SECOND);
            assert_eq!(limit.remaining(), Some(2 * SECOND));
            let closed = Shields::new();
            let run = Scope::new(child, pending::<()>())
                .source(limit.source())
                .shields(&closed)
                .finally(async || log.add("cleanup"));
            let why = run.await.unwrap_err();
            assert_eq!(why.reason(), Reason::Timeout);
            assert!(child.is_cancelled() && !inner.is_cancelled());
            inner.cancel_with("enough"); // its own, and nobody else's
            log.add("shielded");
            7
        };
        let saved = shields.shield(work).await;
        log.add(if saved == 7 { "saved" } else { "lost" });
        pending::<()>().await;
    };
    let run = Scope::new(&*token, body)
        .source(whole.source())
        .shields(&shields);
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    clock.advance(SECOND);
    assert!(task.go().is_pending());
    clock.advance(2 * SECOND);
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("not ended")
    };
    assert_eq!((why.reason(), why.message()), (Reason::Timeout, None));
    assert_eq!(log.take(), ["cleanup", "shielded", "saved"]);
}

/// The future of a shield is `Send` if the work is, in a spawned task, too.
#[test]
fn the_future_is_send() {
    fn send<F: Future + Send>(future: F) -> F {
        future
    }
    async fn job(token: CancelToken, data: &[u32]) -> u32 {
        let shields = Shields::new();
        let body = async {
            let work = async |inner: &Token| {
                token.cancel();
                let child = pin!(Child::new(inner));
                smol::future::yield_now().await;
                data.iter().sum::<u32>() + u32::from(child.enter().is_cancelled())
            };
            send(shields.shield(work)).await
        };
        let run = Scope::new(&*token, body).shields(&shields);
        send(run).await.unwrap_or(0)
    }
    let task = smol::spawn(async {
        let data = vec![1, 2, 3];
        job(CancelToken::new(), &data).await
    });
    assert_eq!(smol::block_on(task), 6);
    let shields = Shields::new();
    drop(send(shields.shield_future(async { 5 })));
}

/// The end of a grace period does not open a shield; the shield's end ends the body then.
#[test]
fn a_shield_outlasts_the_grace_period() {
    for shield_first in [false, true] {
        let (token, shields, gate, clock) =
            (Token::new(), Shields::new(), Token::new(), Clock::new());
        let body = async {
            shields.shield_future(gate.cancelled()).await;
            pending::<()>().await;
        };
        let run = Scope::new(&token, body)
            .shields(&shields)
            .grace(&clock, SECOND);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        token.cancel();
        assert!(task.go().is_pending());
        for step in [shield_first, !shield_first] {
            assert!(task.go().is_pending());
            match step {
                true => drop(gate.cancel()),
                false => clock.advance(SECOND),
            }
        }
        assert!(task.go().is_ready());
        assert_eq!((shields.is_open(), clock.armed()), (false, 0));
    }
}

/// The second request ends grace, never a shield.
#[test]
fn the_second_request_does_not_end_a_shield() {
    let (token, shields, gate, clock) = (Token::new(), Shields::new(), Token::new(), Clock::new());
    let second = Token::new();
    let body = async {
        shields.shield_future(gate.cancelled()).await;
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
            shields.shield_future(gate.cancelled()).await;
            shields.shield_future(ready(())).await;
            smol::future::yield_now().await;
            log.add("cleanup");
        });
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))));
    assert_eq!((log.take(), shields.is_open()), (vec!["cleanup"], false));
}

#[test]
fn polled_after_its_end() {
    let shields = Shields::new();
    let mut shield = pin!(shields.shield_future(ready(5)));
    assert_eq!(poll(shield.as_mut()), Poll::Ready(5));
    let panic = panic_of(|| poll(shield));
    assert_eq!(panic, "`Shield` polled after its end");
    assert!(!shields.is_open());
}

/// A shield that another thread takes over: its end, and its drop, wake the scope.
#[test]
fn released_by_another_thread() {
    for ends in [true, false] {
        let token = CancelToken::new();
        let shields: &Shields<'static> = Box::leak(Box::new(Shields::new()));
        let over = Arc::new(AtomicBool::new(false));
        let ready = over.clone();
        let shield = shields.shield_future(poll_fn(move |_| match ready.load(SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }));
        let slot = Mutex::new(Some(Box::pin(shield)));
        let body = poll_fn(|cx| {
            if let Some(shield) = &mut *slot.lock().unwrap() {
                assert!(shield.as_mut().poll(cx).is_pending());
            }
            Poll::<()>::Pending
        });
        let counter = Counter::new();
        let waker = counter.waker();
        let mut cx = Context::from_waker(&waker);
        let mut run = Box::pin(Scope::new(&*token, body).shields(shields));
        assert!(run.as_mut().poll(&mut cx).is_pending());
        token.cancel();
        for _ in 0..2 {
            assert!(run.as_mut().poll(&mut cx).is_pending());
        }
        let wakes = counter.wakes();
        let mut taken = slot.lock().unwrap().take().unwrap();
        let other = std::thread::spawn(move || {
            over.store(ends, SeqCst);
            if ends {
                assert!(poll(taken.as_mut()).is_ready());
            }
            drop(taken);
        });
        other.join().unwrap();
        assert!(counter.wakes() > wakes, "the scope is not woken");
        assert!(run.as_mut().poll(&mut cx).is_ready());
    }
}
