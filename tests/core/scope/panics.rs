//! What panics, and what is done all the same (X19): open shields are waited for, the cleanup runs.
//! Without `std` nothing can be caught: then it is only that nothing is left behind.

use crate::support::{Log, SECOND, Task, panic_of, quiet};
use cancel_core::{CancelToken, Cause, Instant, Reason, Scope, Shields, Timer, TimerError, Token};
use cancel_tests::Hooks;
use futures_util::stream::{self, Stream};
use std::future::{Future, pending, poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

const STD: bool = cfg!(feature = "std");

fn outer_and_inner(test: impl Fn(&CancelToken, &Shields<'_>, &Log)) {
    let (token, outer, log) = (CancelToken::new(), Shields::new(), Log::default());
    let inner = Shields::nested(&outer);
    test(&token, &inner, &log);
    assert!(!outer.is_open() && !inner.is_open(), "still held");
}

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        quiet(self.0)
    }
}

/// With `std` all of it has happened.
fn happened(log: &Log, expected: &[&str]) {
    let seen = log.take();
    assert!(!STD || seen == expected, "{seen:?}");
}

/// The panic goes on to whoever polls, after the cleanup; no hold, no registration is left.
#[test]
fn x19_a_body() {
    outer_and_inner(|token, shields, log| {
        let gone = log.on_drop("body gone");
        let body = async move {
            let _gone = gone;
            shields
                .shield(async |_| smol::future::yield_now().await)
                .await;
            quiet("body");
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .finally(async || {
                smol::future::yield_now().await;
                log.add("cleanup");
            });
        let mut task = Task::new(run);
        assert_eq!(panic_of(|| task.go()), "body");
        happened(log, &["body gone", "cleanup"]);
        task.stop();
        assert_eq!(task.registered(), 0);
        assert!(!token.is_cancelled());
    });
}

#[test]
fn x19_a_body_in_its_shield() {
    outer_and_inner(|token, shields, log| {
        let body = shields.shield(async |_| quiet("shield"));
        let run = Scope::new(&**token, body)
            .shields(shields)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert_eq!(panic_of(|| task.go()), "shield");
        happened(log, &["cleanup"]);
        task.stop();
    });
}

/// Something panics beside a body that is in its shield, which is to see its end.
fn beside(
    panic: &str,
    cancelled: Option<Reason>,
    spoil: impl for<'a> Fn(&'a CancelToken) -> Pin<Box<dyn Stream<Item = Cause> + 'a>>,
) {
    outer_and_inner(|token, shields, log| {
        let gate = Token::new();
        let gone = log.on_drop("body gone");
        let body = async {
            let _gone = gone;
            shields.shield_future(gate.cancelled()).await;
            log.add("saved");
            pending::<()>().await;
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .sources(spoil(token))
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        if !STD {
            assert_eq!(panic_of(|| task.go()), panic);
            task.stop();
            return;
        }
        assert!(task.go().is_pending());
        assert_eq!(token.cause().map(|cause| cause.reason()), cancelled);
        assert!(log.take().is_empty());
        token.cancel();
        gate.cancel();
        assert_eq!(panic_of(|| task.go()), panic);
        happened(log, &["saved", "body gone", "cleanup"]);
        task.stop();
        assert_eq!(task.registered(), 0);
    });
}

#[test]
fn x19_a_source() {
    beside("source", Some(Reason::Error), |_| {
        Box::pin(stream::poll_fn(|_| quiet("source")))
    });
}

/// One that panics when it is dropped, after it has fired; and another one at the end of the run.
#[test]
fn x19_the_drop_of_a_source() {
    beside("drop", Some(Reason::Condition), |_| {
        let (bomb, mut fired) = (Bomb("drop"), false);
        Box::pin(stream::poll_fn(move |_| {
            let _bomb = &bomb;
            match std::mem::replace(&mut fired, true) {
                true => Poll::Ready(None),
                false => Poll::Ready(Some(Cause::new(Reason::Condition))),
            }
        }))
    });
    if !STD {
        return;
    }
    beside("drop", None, |_| {
        let bomb = Bomb("drop");
        Box::pin(stream::poll_fn(move |_| {
            let _bomb = &bomb;
            Poll::Pending
        }))
    });
}

/// A source fires, and a callback of the token panics: all others hear of it, and the run goes on.
#[test]
fn x19_a_callback_of_the_token() {
    beside("callback", Some(Reason::Condition), |token| {
        let registration = token.on_cancel(|_| quiet("callback"));
        let once = async move {
            // Alive while it is needed: until the token is cancelled.
            std::mem::forget(registration);
            Cause::new(Reason::Condition)
        };
        Box::pin(stream::once(once))
    });
}

/// The same with a waker that waits for it.
#[test]
fn x19_a_waker_of_the_token() {
    beside("wake", Some(Reason::Condition), |token| {
        let (waker, _hooks) = Hooks::new().on_wake(|| quiet("wake")).waker();
        let mut wait = Box::pin(token.cancelled());
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let mut wait = Some(wait);
        // (It keeps what waits; the token is cancelled after this.)
        Box::pin(stream::poll_fn(move |_| match wait.as_ref() {
            Some(wait) if !token.is_cancelled() => {
                let _ = wait;
                Poll::Ready(Some(Cause::new(Reason::Condition)))
            }
            _ => {
                wait = None;
                Poll::Pending
            }
        }))
    });
}

/// The other sources stay, and their second request ends the grace period.
#[test]
fn x19_the_other_sources_stay() {
    if !STD {
        return;
    }
    outer_and_inner(|token, shields, log| {
        let (second, clock) = (Token::new(), crate::support::Clock::new());
        let body = async {
            pending::<()>().await;
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .source(second.cancelled())
            .source(poll_fn::<Reason, _>(|_| quiet("source")))
            .grace(&clock, SECOND)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        assert_eq!(token.cause().unwrap().message(), Some("a source panicked"));
        second.cancel();
        assert_eq!(panic_of(|| task.go()), "source");
        assert_eq!((log.take(), clock.armed()), (vec!["cleanup"], 0));
        task.stop();
    });
}

/// In making its future, in running it, and when that is dropped. The body has gone before.
#[test]
fn x19_a_cleanup() {
    for stage in 0..3 {
        outer_and_inner(|token, shields, _| {
            let cleanup = || {
                if stage == 0 {
                    quiet("cleanup")
                }
                async move {
                    let bomb = (stage == 2).then(|| Bomb("cleanup"));
                    if stage == 1 {
                        quiet("cleanup")
                    }
                    drop(bomb);
                }
            };
            let run = Scope::new(&**token, ready(5)).shields(shields);
            let mut task = Task::new(run.finally(cleanup));
            assert_eq!(panic_of(|| task.go()), "cleanup");
            task.stop();
        });
    }
}

/// A body that panics when it is dropped: the panic goes on after the cleanup.
#[test]
fn x19_the_drop_of_a_body() {
    outer_and_inner(|token, shields, log| {
        let body = async {
            let _bomb = Bomb("drop");
            pending::<()>().await;
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        token.cancel();
        assert_eq!(panic_of(|| task.go()), "drop");
        happened(log, &["cleanup"]);
        task.stop(); // once was enough
    });
}

/// Several at once: the first one goes on, and none of them aborts.
#[test]
fn x19_the_first_of_several() {
    if !STD {
        return;
    }
    outer_and_inner(|token, shields, log| {
        let body = async {
            let _bomb = Bomb("drop of the body");
            pending::<()>().await;
        };
        let run = Scope::new(&**token, body)
            .shields(shields)
            .source(poll_fn::<Reason, _>(|_| quiet("first source")))
            .source(poll_fn::<Reason, _>(|_| quiet("second source")))
            .finally(async || {
                log.add("cleanup");
                quiet("cleanup")
            });
        let mut task = Task::new(run);
        assert_eq!(panic_of(|| task.go()), "first source");
        assert_eq!(log.take(), ["cleanup"]);
        task.stop();
    });
}

/// A timer that panics at one of its calls.
struct BadTimer(&'static str);

struct BadSleep(&'static str);

impl Timer for BadTimer {
    type Sleep = BadSleep;
    fn now(&self) -> Instant {
        Instant::EPOCH
    }
    fn sleep_until(&self, _: Instant) -> BadSleep {
        if self.0 == "made" {
            quiet("made")
        }
        BadSleep(self.0)
    }
}

impl Future for BadSleep {
    type Output = Result<(), TimerError>;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match self.0 {
            "polled" => quiet("polled"),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Drop for BadSleep {
    fn drop(&mut self) {
        if self.0 == "dropped" {
            self.0 = "";
            quiet("dropped")
        }
    }
}

/// It ends the grace period, not the cleanup.
#[test]
fn x19_the_timer_of_a_grace_period() {
    for stage in ["made", "polled", "dropped"] {
        outer_and_inner(|token, shields, log| {
            let run = Scope::new(&**token, pending::<()>())
                .shields(shields)
                .grace(BadTimer(stage), SECOND)
                .finally(async || log.add("cleanup"));
            let mut task = Task::new(run);
            assert!(task.go().is_pending());
            token.cancel();
            assert_eq!(panic_of(|| task.go()), stage);
            happened(log, &["cleanup"]);
            task.stop();
        });
    }
}

/// A run that is dropped before its end forgets the panic.
#[test]
fn x19_dropped_before_its_end() {
    outer_and_inner(|token, shields, log| {
        let body = shields.shield_future(pending::<()>());
        let run = Scope::new(&**token, body)
            .shields(shields)
            .source(poll_fn::<Reason, _>(|_| quiet("source")))
            .finally(async || log.add("cleanup"));
        let mut task = Task::new(run);
        match STD {
            true => assert!(task.go().is_pending()),
            false => assert_eq!(panic_of(|| task.go()), "source"),
        }
        task.stop();
        assert!(log.take().is_empty());
    });
}
