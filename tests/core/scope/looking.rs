//! How a cancelled scope looks for what holds it: a few polls after each event, and none while it is idle.

use crate::support::{Clock, SECOND, Task};
use cancel_core::{Scope, Shields, Timer, Token};
use cancel_tests::Counter;
use futures_util::future::{FutureExt, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

const PATIENCE: usize = 16;

type Body<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A held body that is idle is not polled; and an event costs few polls more.
#[test]
fn x4_an_idle_body_is_not_polled() {
    let (token, shields, clock) = (Token::new(), Shields::new(), Clock::new());
    let body = async {
        let ticks = async {
            loop {
                (&&clock).sleep(SECOND).await.unwrap();
            }
        };
        let mut all = FuturesUnordered::new();
        all.push(shields.shield_future(pending::<()>()));
        select(pin!(ticks), all.next()).await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    for _ in 0..100 {
        let polls = task.polls;
        assert!(task.go().is_pending());
        // The event, one to find the shield, and 1 + log2(100) for the echo.
        assert!(task.polls - polls <= 2 + 7, "{}", task.polls - polls);
        let polls = task.polls;
        assert!(task.go().is_pending());
        assert_eq!(task.polls, polls);
        clock.advance(SECOND);
    }
    assert!(task.polls <= 1 + 100 * (2 + 7), "{} polls", task.polls);
}

/// A set that is kept alive, and is not polled any more after one event. No other event comes.
///
/// `others`: futures beside the shield, without which the set wakes its task once more after each search.
/// `events`: how many come before that one. `shield_too`: the shield is woken by the same event.
fn ends_after_the_last_event(others: usize, events: u32, shield_too: bool) {
    let (token, shields, clock, tick) = (Token::new(), Shields::new(), Clock::new(), Token::new());
    let body = async {
        let mut all: FuturesUnordered<Body<'_>> = FuturesUnordered::new();
        let work = async {
            if shield_too {
                tick.cancelled().await;
            }
            pending::<()>().await;
        };
        all.push(Box::pin(shields.shield_future(work)));
        for _ in 0..others {
            all.push(Box::pin(pending()));
        }
        let ticks = async {
            for _ in 0..events {
                (&&clock).sleep(SECOND).await.unwrap();
            }
            tick.cancelled().await;
        };
        // (The set is polled first.)
        let _ = select(all.next(), pin!(ticks)).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    let case = format!("{others} others, {events} events, {shield_too}");
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    for _ in 0..events {
        clock.advance(SECOND);
        assert!(task.go().is_pending(), "{case}");
    }
    let polls = task.polls;
    tick.cancel();
    assert!(task.go().is_ready(), "{case}");
    assert!(task.polls - polls <= PATIENCE + 5, "{case}");
    assert!(!shields.is_open());
}

#[test]
fn x4_a_set_that_is_not_polled_after_the_last_event() {
    for others in [0, 1, 2] {
        for events in [0, 1, 2, 3, 5, 9] {
            for shield_too in [false, true] {
                ends_after_the_last_event(others, events, shield_too);
            }
        }
    }
}

/// Collections of one inside each other wake their task once per level. That is no busy loop.
#[test]
fn x4_deep_sets_come_to_rest() {
    for depth in 1..=8 {
        let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
        let mut inside: Body<'_> = Box::pin(shields.shield_future(gate.cancelled()).map(drop));
        for _ in 0..depth {
            let all: FuturesUnordered<_> = std::iter::once(inside).collect();
            inside = Box::pin(all.for_each(|()| async {}));
        }
        let mut task = Task::new(Scope::new(&token, inside).shields(&shields));
        assert!(task.go().is_pending());
        token.cancel();
        assert!(task.go().is_pending());
        assert!(task.polls <= 12 << depth, "{depth}: {}", task.polls);
        gate.cancel();
        assert_eq!(task.go(), Poll::Ready(Ok(())));
    }
}

/// Events that poll the shield do not make the scope forget how deep the collections are: each costs few polls.
#[test]
fn x4_events_in_a_deep_set_cost_few_polls() {
    const DEPTH: usize = 8;
    let (token, shields) = (Token::new(), Shields::new());
    let gates = [const { Token::new() }; 5];
    let work = async {
        for gate in &gates {
            gate.cancelled().await;
        }
    };
    let mut inside: Body<'_> = Box::pin(shields.shield_future(work));
    for _ in 0..DEPTH {
        let all: FuturesUnordered<_> = std::iter::once(inside).collect();
        inside = Box::pin(all.for_each(|()| async {}));
    }
    let mut task = Task::new(Scope::new(&token, inside).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    for gate in &gates {
        assert!(task.go().is_pending());
        let polls = task.polls;
        gate.cancel();
        let last = std::ptr::eq(gate, &gates[4]);
        assert_eq!(task.go().is_ready(), last);
        assert!(task.polls - polls <= 2 * DEPTH, "{}", task.polls - polls);
    }
}

/// Where the same waker is used, and the shield is polled at every second poll only, or more rarely, as after a
/// budget that is used up.
#[test]
fn x4_polled_at_some_polls() {
    for every in [2, 3, 5, PATIENCE] {
        let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
        let body = async {
            let mut shield = pin!(shields.shield_future(gate.cancelled()));
            let mut polls = 0;
            poll_fn(|cx| {
                polls += 1;
                match polls % every {
                    1 => shield.as_mut().poll(cx).map(drop),
                    _ => Poll::Pending,
                }
            })
            .await;
            pending::<()>().await;
        };
        let mut task = Task::new(Scope::new(&token, body).shields(&shields));
        assert!(task.go().is_pending());
        token.cancel();
        assert!(task.go().is_pending(), "every {every}");
        assert_eq!(task.polls, 1 + every);
        gate.cancel();
        assert!(task.go().is_ready(), "every {every}");
        assert_eq!(task.polls, 1 + 2 * every);
    }
}

/// A shield ends in any of the polls that a search asks for, beside one that was forgotten.
#[test]
fn x67_a_shield_that_ends_while_the_scope_looks() {
    for (others, at) in (0..3).flat_map(|others| (1..12).map(move |at| (others, at))) {
        let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
        let inside = async {
            let mut leaked = Box::pin(shields.shield_future(pending::<()>()));
            assert!(futures_util::poll!(leaked.as_mut()).is_pending());
            std::mem::forget(leaked);
            let mut all: FuturesUnordered<Body<'_>> = FuturesUnordered::new();
            all.push(Box::pin(shields.shield_future(gate.cancelled()).map(drop)));
            for _ in 0..others {
                all.push(Box::pin(pending()));
            }
            all.next().await;
            pending::<()>().await;
        };
        let counter = Counter::new();
        let waker = counter.waker();
        let mut cx = Context::from_waker(&waker);
        let mut run = pin!(Scope::new(&token, inside).shields(&shields));
        assert!(run.as_mut().poll(&mut cx).is_pending());
        token.cancel();
        let (mut polls, mut seen) = (0, 0);
        loop {
            polls += 1;
            // (Before the poll, so that it has no wake-up of its own.) Or when there is nothing to do.
            let idle = seen == counter.wakes();
            assert!(
                !idle || !gate.is_cancelled(),
                "{others} others, at {at}: hangs"
            );
            if polls == at || idle {
                gate.cancel();
            }
            seen = counter.wakes();
            if run.as_mut().poll(&mut cx).is_ready() {
                break;
            }
        }
        assert!(!shields.is_open());
    }
}
