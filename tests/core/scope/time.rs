//! Time limits of futures, and what timers do to grace periods.

use crate::support::{Clock, SECOND, Task, poll};
use cancel_core::{Child, Deadline, Instant, Reason, Scope, TimeoutExt, Timer, TimerError, Token};
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

#[test]
fn a_future_with_a_time_limit() {
    let clock = Clock::new();
    let gate = Token::new();
    let mut task = Task::new(gate.cancelled().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    gate.cancel();
    assert!(matches!(task.go(), Poll::Ready(Ok(_))));
    assert_eq!(clock.armed(), 0);

    let mut task = Task::new(pending::<()>().timeout(&&clock, SECOND));
    assert!(task.go().is_pending());
    clock.advance(SECOND - Duration::from_nanos(1));
    assert!(task.go().is_pending());
    clock.advance(Duration::from_nanos(1));
    let Poll::Ready(Err(why)) = task.go() else {
        panic!("not over")
    };
    assert_eq!((why.reason(), why.limit()), (Reason::Timeout, Some(SECOND)));

    // In a tie the future wins; zero polls once; there is no upper bound.
    let zero = ready(5).timeout(&&clock, Duration::ZERO);
    assert_eq!(Task::new(zero).go(), Poll::Ready(Ok(5)));
    let zero = pending::<()>().timeout(&&clock, Duration::ZERO);
    assert!(matches!(Task::new(zero).go(), Poll::Ready(Err(_))));
    let mut huge = Task::new(pending::<()>().timeout(&&clock, Duration::MAX));
    assert!(huge.go().is_pending());
    clock.advance(1_000_000 * SECOND);
    assert!(huge.go().is_pending());
    clock.break_down();
    let Poll::Ready(Err(why)) = huge.go() else {
        panic!("not over")
    };
    assert_eq!((why.reason(), why.limit()), (Reason::Error, None));
}

/// It counts from the call.
#[test]
fn a_time_limit_that_has_passed() {
    let clock = Clock::new();
    let late = pending::<()>().timeout(&&clock, SECOND);
    clock.advance(SECOND);
    assert!(matches!(Task::new(late).go(), Poll::Ready(Err(_))));
}

#[test]
fn grace_periods_of_all_lengths() {
    for (grace, at_once) in [(Duration::ZERO, true), (Duration::MAX, false)] {
        let (token, clock) = (Token::new(), Clock::new());
        let run = Scope::new(&token, pending::<()>()).grace(&clock, grace);
        let mut task = Task::new(run);
        assert!(task.go().is_pending());
        assert_eq!(clock.armed(), 0, "begins with the cancelation");
        token.cancel();
        assert_eq!(task.go().is_ready(), at_once);
        if !at_once {
            clock.break_down(); // an error is its end, too
            assert!(task.go().is_ready());
        }
    }
}

/// Both deadlines have passed when the scopes are polled again: the earlier one is named; of equal ones, the
/// outer one.
#[test]
fn x13_the_earlier_of_two_deadlines_that_have_passed() {
    for (outer, inner, of_outer) in [(1, 2, true), (2, 1, false), (2, 2, true)] {
        let (clock, root, said) = (Clock::new(), Token::new(), Cell::new(None));
        let whole = Deadline::new(&clock).timeout(outer * SECOND);
        let body = async {
            let token = pin!(Child::new(&root));
            let step = Deadline::nested(&whole).timeout(inner * SECOND);
            let run = Scope::new(token.enter(), pending::<()>()).source(step.source());
            let why = run.await.unwrap_err();
            assert_eq!(why.root_reason(), Reason::Timeout);
            said.set(Some((why.is_from(&whole), why.is_from(&step))));
            pending::<()>().await;
        };
        let mut task = Task::new(Scope::new(&root, body).source(whole.source()));
        assert!(task.go().is_pending());
        clock.advance(3 * SECOND); // late
        let Poll::Ready(Err(why)) = task.go() else {
            panic!("not ended")
        };
        assert_eq!(why.reason(), Reason::Timeout);
        assert!(why.is_from(&whole));
        assert_eq!(said.get(), Some((of_outer, !of_outer)), "{outer} {inner}");
    }
}

type Act = RefCell<Option<Box<dyn FnOnce()>>>;

/// What a sleep of a [`Scripted`] timer does when it is polled, and when it is dropped; and how many there were.
#[derive(Default)]
struct Script {
    at_poll: Act,
    at_drop: Act,
    sleeps: Cell<u32>,
}

thread_local! {
    static SCRIPT: Script = Script::default();
}

/// A timer whose sleeps are over at their first poll.
#[derive(Clone, Copy)]
struct Scripted;

struct ScriptedSleep;

impl Timer for Scripted {
    type Sleep = ScriptedSleep;

    fn now(&self) -> Instant {
        Instant::EPOCH
    }

    fn sleep_until(&self, _: Instant) -> ScriptedSleep {
        SCRIPT.with(|script| script.sleeps.set(script.sleeps.get() + 1));
        ScriptedSleep
    }
}

fn act(which: fn(&Script) -> &Act) {
    let act = SCRIPT.with(|script| which(script).take());
    if let Some(act) = act {
        act();
    }
}

impl Future for ScriptedSleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        act(|script| &script.at_poll);
        Poll::Ready(Ok(()))
    }
}

impl Drop for ScriptedSleep {
    fn drop(&mut self) {
        act(|script| &script.at_drop);
    }
}

/// The deadline is moved away when its sleep has ended, before the source looks whether it was moved; and moved
/// again, perhaps to where it was, before the source looks for the second time.
#[test]
fn a_deadline_is_moved_away_and_back_between_two_looks() {
    let first = Instant::EPOCH + SECOND;
    for (back, fires) in [
        (Some(first), true),
        (Some(first + SECOND), true),
        (Some(Instant::EPOCH), true),
        (None, false),
    ] {
        let deadline: &'static _ = Box::leak(Box::new(Deadline::new(Scripted).until(first)));
        SCRIPT.with(|script| {
            let away = move || deadline.set_deadline(first + 5 * SECOND);
            *script.at_poll.borrow_mut() = Some(Box::new(away));
            let back = move || deadline.set_deadline(back);
            *script.at_drop.borrow_mut() = Some(Box::new(back));
            script.sleeps.set(0);
        });
        let mut source = pin!(deadline.source());
        let fired = poll(source.as_mut()).is_ready();
        SCRIPT.with(|script| {
            assert!(script.at_poll.take().is_none() && script.at_drop.take().is_none());
            // The sleep that is over is not polled again.
            assert_eq!(script.sleeps.get(), 1 + u32::from(fires), "{back:?}");
        });
        assert_eq!(fired, fires, "{back:?}");
        assert_eq!(deadline.deadline(), back);
    }
}
