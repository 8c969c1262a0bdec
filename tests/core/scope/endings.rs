//! How scopes end: results, ties, the order in which things go.

use crate::support::{Clock, Log, SECOND, Task, panic_of, poll};
use cancel_core::{CancelToken, Cause, Reason, Scope, Token};
use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

#[test]
fn a_cancelled_token_means_no_poll() {
    let (token, log) = (CancelToken::new(), Log::default());
    token.cancel_with("before");
    let clock = Clock::new();
    let body = poll_fn::<(), _>(|_| panic!("polled"));
    let source = poll_fn::<Cause, _>(|_| panic!("source polled"));
    let run = Scope::new(&*token, body)
        .source(source)
        .grace(&clock, SECOND)
        .finally(async || log.add("cleanup"));
    let why = smol::block_on(run).unwrap_err();
    assert_eq!(why.message(), Some("before"));
    assert_eq!(log.take(), ["cleanup"]);
}

/// A body that is ready in the poll in which it is cancelled, by itself or by a source, wins.
#[test]
fn a_value_wins_a_tie() {
    let token = Token::new();
    let run = Scope::new(&token, async {
        token.cancel();
        5
    });
    assert_eq!(smol::block_on(run), Ok(5));
    assert!(token.is_cancelled(), "and the cause stays readable");

    let token = Token::new();
    let run = Scope::new(&token, ready(5)).source(ready("late"));
    assert_eq!(smol::block_on(run), Ok(5));
    assert!(!token.is_cancelled(), "the source was not even asked");
}

/// What happens between two polls: the token is asked first.
#[test]
fn a_cancel_between_two_polls_comes_first() {
    let (token, done) = (Token::new(), Cell::new(false));
    let body = poll_fn(|_| match done.get() {
        true => Poll::Ready(5),
        false => Poll::Pending,
    });
    let mut run = pin!(Scope::new(&token, body));
    assert!(poll(run.as_mut()).is_pending());
    done.set(true);
    token.cancel();
    assert!(matches!(poll(run.as_mut()), Poll::Ready(Err(_))));
}

/// The body cancels its own token and goes on waiting: it ends in that poll, unasked.
#[test]
fn a_body_that_cancels_itself() {
    let token = Token::new();
    let mut task = Task::new(Scope::new(&token, async {
        token.cancel_with("myself");
        pending::<()>().await;
    }));
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("a wake-up was lost")
    };
    assert_eq!((why.message(), task.polls), (Some("myself"), 1));
}

/// In its grace period, too; and the second request of a source in the same poll counts.
#[test]
fn a_body_that_cancels_itself_has_its_grace() {
    for second in [false, true] {
        let (token, clock) = (Token::new(), Clock::new());
        let body = async {
            token.cancel();
            pending::<()>().await;
        };
        let source = poll_fn(|_| match second {
            true => Poll::Ready(Reason::Shutdown),
            false => Poll::Pending,
        });
        let run = Scope::new(&token, body)
            .source(source)
            .grace(&clock, SECOND);
        let mut task = Task::new(run);
        assert_eq!(task.go().is_ready(), second);
        if !second {
            clock.advance(SECOND);
            assert!(task.go().is_ready());
        }
        assert_eq!(token.cause().unwrap().reason(), Reason::Manual);
    }
}

/// A value that comes after the trigger is returned; whoever wants the cause asks the token.
#[test]
fn a_value_after_the_trigger() {
    let (token, clock) = (Token::new(), Clock::new());
    let body = async {
        let why = token.cancelled().await;
        smol::future::yield_now().await;
        why.reason()
    };
    let run = Scope::new(&token, body)
        .source(ready((Reason::Condition, "disk full")))
        .grace(&clock, SECOND);
    assert_eq!(Task::new(run).go(), Poll::Ready(Ok(Reason::Condition)));
    assert_eq!(token.cause().unwrap().message(), Some("disk full"));
    assert_eq!(clock.armed(), 0);
}

#[test]
fn under_a_token_that_is_never_cancelled() {
    let (never, log, clock) = (Token::never(), Log::default(), Clock::new());
    assert_eq!(smol::block_on(Scope::new(never, ready(5))), Ok(5));
    let stop = Token::new();
    let mut task = Task::new(
        Scope::new(never, pending::<()>())
            .source(stop.cancelled())
            .source(pending::<Reason>())
            .grace(&clock, SECOND)
            .finally(async || log.add("cleanup")),
    );
    assert!(task.go().is_pending());
    stop.cancel_with("stop");
    assert!(
        task.go().is_pending(),
        "grace counts from when a source fired"
    );
    assert_eq!((clock.armed(), log.take().len()), (1, 0));
    clock.advance(SECOND);
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("not ended")
    };
    assert_eq!(why.message(), Some("stop"));
    assert_eq!(log.take(), ["cleanup"]);
    assert!(!never.is_cancelled());
    // Without sources it waits for the body alone, and keeps no waker.
    let mut task = Task::new(Scope::new(never, pending::<()>()));
    assert!(task.go().is_pending());
    assert_eq!(task.registered(), 0);
}

/// The body goes first, then cleanup runs, then the sources go.
#[test]
fn the_order_at_the_end() {
    let (token, log) = (Token::new(), Log::default());
    let in_body = log.on_drop("body gone");
    let in_source = log.on_drop("source gone");
    let body = async move {
        let _gone = in_body;
        pending::<()>().await;
    };
    let source = async move {
        let _gone = in_source;
        pending::<Reason>().await
    };
    let run = Scope::new(&token, body).source(source).finally(async || {
        log.add("cleanup begins");
        smol::future::yield_now().await;
        log.add("cleanup ends");
    });
    let mut run = pin!(run);
    assert!(poll(run.as_mut()).is_pending());
    token.cancel();
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(log.take(), ["body gone", "cleanup begins"]);
    assert!(poll(run.as_mut()).is_ready());
    assert_eq!(log.take(), ["cleanup ends", "source gone"]);
}

/// Cleanup is not cancelled: neither by the token nor by sources, which are not polled any more.
#[test]
fn nothing_ends_a_cleanup() {
    let (token, gate) = (CancelToken::new(), Token::new());
    let polls = Cell::new(0);
    let source = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::<Reason>::Pending
    });
    let body = async { 5 };
    let mut task = Task::new(Scope::new(&*token, body).source(source).finally(async || {
        gate.cancelled().await;
    }));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    gate.cancel();
    assert_eq!(task.go(), Poll::Ready(Ok(5)));
    assert_eq!(polls.get(), 0);
}

#[test]
fn the_last_cleanup_counts() {
    let (token, log) = (Token::new(), Log::default());
    let run = Scope::new(&token, ready(5))
        .finally(async || log.add("first"))
        .finally(async || log.add("second"));
    assert_eq!(smol::block_on(run), Ok(5));
    assert_eq!(log.take(), ["second"]);
}

/// Dropping a scope cancels nothing.
#[test]
fn a_drop_leaves_the_token_alone() {
    let token = CancelToken::new();
    let mut task = Task::new(Scope::new(token.clone(), pending::<()>()));
    assert!(task.go().is_pending());
    assert_eq!(task.registered(), 1);
    task.stop();
    assert_eq!(task.registered(), 0);
    assert!(!token.is_cancelled());
    drop(Scope::new(&*token, pending::<()>())); // never polled
}

#[test]
fn polled_after_its_end() {
    let token = Token::new();
    let mut run = pin!(Scope::new(&token, ready(5)));
    assert!(poll(run.as_mut()).is_ready());
    // (By `panic!`, whose payload is a `&str`.)
    assert_eq!(panic_of(|| poll(run)), "`Scope` polled after its end");
}

/// Woken by everything that concerns it, and polled only then.
#[test]
fn polls_are_few() {
    let (token, gate, source) = (CancelToken::new(), Token::new(), Token::new());
    let body = async { gate.cancelled().await };
    let mut task = Task::new(Scope::new(&*token, body).source(source.cancelled()));
    for _ in 0..3 {
        assert!(task.go().is_pending());
    }
    assert_eq!((task.polls, task.registered()), (1, 3));
    gate.cancel();
    assert!(task.go().is_ready());
    assert_eq!((task.polls, task.registered()), (2, 0));
}

/// Forgotten after a poll: the token can be cancelled, moved and dropped.
#[test]
fn a_forgotten_scope() {
    let token = Box::new(Token::new());
    let mut run = Box::pin(Scope::new(&*token, pending::<()>()));
    assert!(poll(run.as_mut()).is_pending());
    std::mem::forget(run);
    let moved = *token;
    assert!(moved.cancel());
    drop(moved);
}

#[test]
fn bounds() {
    fn sendable<T: Send + 'static>(run: T) -> T {
        run
    }
    let token = CancelToken::new();
    let run = Scope::new(token.child(), async { 5 })
        .source(pending::<Cause>())
        .finally(async || {});
    assert!(format!("{run:?}").starts_with("Scope"));
    assert_eq!(smol::block_on(smol::spawn(sendable(run))), Ok(5));
}
