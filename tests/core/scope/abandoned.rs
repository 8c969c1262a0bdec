//! What nobody polls holds nobody (X4, X67); and what somebody polls, does, however it is polled.

use crate::support::{Clock, Log, SECOND, Task};
use cancel_core::{CancelToken, Scope, Shields, Timer, Token};
use futures_util::future::{Either, FutureExt, join_all, select};
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

const PATIENCE: usize = 16;

/// A body that is polled with `MANY` shields, each of which waits for a gate and then counts.
const MANY: usize = 100;

type Body<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// All of them are waited for, and the body is polled no more often than it has reason to.
fn all_are_waited_for(
    name: &str,
    extra: usize,
    body: impl for<'a> Fn(Vec<Body<'a>>, &'a Token) -> Body<'a>,
) {
    let (token, shields, event) = (Token::new(), Shields::new(), Token::new());
    let gates: Vec<Token> = (0..MANY).map(|_| Token::new()).collect();
    let (saved, polls) = (Cell::new(0), Cell::new(0));
    let works = gates.iter().map(|gate| -> Body<'_> {
        Box::pin(shields.shield(async |inner: &Token| {
            gate.cancelled().await;
            assert!(!inner.is_cancelled());
            saved.set(saved.get() + 1);
        }))
    });
    let mut inside = body(works.collect(), &event);
    let counted = poll_fn(|cx| {
        polls.set(polls.get() + 1);
        inside.as_mut().poll(cx)
    });
    let body = async {
        counted.await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending(), "{name}");
    // Something else happens in the body, which polls none of them.
    for _ in 0..2 {
        polls.set(0);
        event.cancel();
        assert!(task.go().is_pending(), "{name}");
        assert!(polls.get() <= extra, "{name}: {} polls", polls.get());
    }
    // Idle: no polls at all.
    polls.set(0);
    assert!(task.go().is_pending());
    assert_eq!(polls.get(), 0, "{name}");
    for (number, gate) in gates.iter().enumerate() {
        assert!(task.go().is_pending(), "{name}: after {number}");
        assert_eq!(saved.get(), number, "{name}");
        assert!(shields.is_open());
        gate.cancel();
    }
    assert!(task.go().is_ready(), "{name}: all are over");
    assert_eq!(saved.get(), MANY);
    assert!(!shields.is_open());
}

async fn beside(event: &Token, work: impl Future<Output = ()>) {
    let ticks = async {
        event.cancelled().await;
        pending::<()>().await
    };
    match select(pin!(ticks), pin!(work)).await {
        Either::Left(_) => unreachable!(),
        Either::Right(_) => {}
    }
}

#[test]
fn x4_in_join_all() {
    all_are_waited_for("join_all", 4, |works, event| {
        // (Of many it is a `FuturesOrdered`.)
        Box::pin(beside(event, join_all(works).map(drop)))
    });
}

#[test]
fn x4_in_futures_unordered() {
    all_are_waited_for("FuturesUnordered", 4, |works, event| {
        let all: FuturesUnordered<_> = works.into_iter().collect();
        Box::pin(beside(event, all.for_each(|()| async {})))
    });
}

#[test]
fn x4_in_buffer_unordered() {
    all_are_waited_for("buffer_unordered", 4, |works, event| {
        let all = stream::iter(works).buffer_unordered(MANY);
        Box::pin(beside(event, all.for_each(|()| async {})))
    });
}

/// In several, one inside another.
#[test]
fn x4_in_futures_unordered_within_another() {
    all_are_waited_for("nested", 40, |works, event| {
        let mut all: Vec<Body<'_>> = works;
        while all.len() > 1 {
            let pairs = all.into_iter().fold(Vec::new(), |mut pairs, work| {
                match pairs.last_mut() {
                    None => pairs.push(vec![work]),
                    Some(last) if last.len() == 3 => pairs.push(vec![work]),
                    Some(last) => last.push(work),
                }
                pairs
            });
            all = pairs
                .into_iter()
                .map(|group| -> Body<'_> {
                    let group: FuturesUnordered<_> = group.into_iter().collect();
                    Box::pin(group.for_each(|()| async {}))
                })
                .collect();
        }
        Box::pin(beside(event, all.pop().unwrap()))
    });
}

#[test]
fn x4_in_join_and_select() {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let gates = [Token::new(), Token::new(), Token::new()];
    let [a, b, c] = &gates;
    let work = |gate, name| {
        let log = &log;
        shields.shield(async move |_: &Token| {
            let gate: &Token = gate;
            gate.cancelled().await;
            log.add(name);
        })
    };
    let body = async {
        futures_util::join!(work(a, "a"), work(b, "b"));
        let mut c = Box::pin(work(c, "c").fuse());
        futures_util::select! {
            () = c => {}
            () = pending().fuse() => {}
        }
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    for gate in &gates {
        assert!(task.go().is_pending());
        gate.cancel();
    }
    assert!(task.go().is_ready());
    assert_eq!(log.take(), ["a", "b", "c"]);
}

/// A body that opens shields, does something with them, and then waits for something else.
fn ends_at_the_cancel<'a, F: Future<Output = ()>>(
    name: &str,
    abandoned: usize,
    shields: &'a Shields<'a>,
    before: impl FnOnce() -> F,
) {
    let (token, log, polls) = (Token::new(), Log::default(), Cell::new(0));
    let gone = log.on_drop("body gone");
    let body = async {
        let _gone = gone;
        before().await;
        poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::<()>::Pending
        })
        .await;
    };
    let run = Scope::new(&token, body)
        .shields(shields)
        .finally(async || log.add("cleanup"));
    let mut task = Task::new(run);
    assert!(task.go().is_pending());
    assert_eq!((polls.get(), shields.is_open()), (1, abandoned > 0));
    token.cancel();
    assert!(matches!(task.go(), Poll::Ready(Err(_))), "{name}");
    assert_eq!(log.take(), ["body gone", "cleanup"]);
    // The bound that is documented.
    let more = match abandoned {
        0 => 0,
        n => PATIENCE + (usize::BITS - n.leading_zeros()) as usize,
    };
    assert_eq!(polls.get(), 1 + more, "{name}");
    assert!(!shields.is_open());
}

#[test]
fn x67_forgotten_shields() {
    for number in [1, 2, 3, 4, 1000] {
        let shields = Shields::new();
        ends_at_the_cancel("forgotten", number, &shields, async || {
            for _ in 0..number {
                let mut leaked = Box::pin(shields.shield_future(pending::<()>()));
                assert!(futures_util::poll!(leaked.as_mut()).is_pending());
                std::mem::forget(leaked);
            }
        });
    }
}

#[test]
fn x4_kept_and_not_polled() {
    let shields = Shields::new();
    let kept = Cell::new(None);
    ends_at_the_cancel("kept", 1, &shields, async || {
        let mut shield = Box::pin(shields.shield_future(pending::<()>()));
        assert!(futures_util::poll!(shield.as_mut()).is_pending());
        kept.set(Some(shield));
    });
    // It is still there; to poll it and to drop it does no harm.
    let mut shield = kept.take().unwrap();
    assert!(crate::support::poll(shield.as_mut()).is_pending());
    assert!(shields.is_open());
    drop(shield);
    assert!(!shields.is_open());
}

#[test]
fn x4_dropped_in_a_select() {
    let shields = Shields::new();
    ends_at_the_cancel("dropped", 0, &shields, async || {
        let shield = pin!(shields.shield_future(pending::<()>()));
        let _ = select(shield, pin!(async {})).await;
    });
}

/// A loser of a `select` that is kept: the body goes on to a long sleep, and ends at the cancel.
#[test]
fn x4_the_loser_of_a_select_with_a_sleep() {
    let (token, shields, clock) = (CancelToken::new(), Shields::new(), Clock::new());
    let inner = Shields::nested(&shields);
    let child = token.child();
    for scope in [false, true] {
        let body = async {
            // A shield, or a nested scope with a cleanup.
            let mut kept: Body<'_> = match scope {
                false => Box::pin(shields.shield_future(pending())),
                true => Box::pin(
                    Scope::new(&*child, pending::<()>())
                        .shields(&inner)
                        .finally(async || {})
                        .map(drop),
                ),
            };
            let _ = select(kept.as_mut(), (&&clock).sleep(SECOND)).await;
            (&&clock).sleep(100 * SECOND).await.unwrap();
        };
        let token = Token::new();
        let mut task = Task::new(Scope::new(&token, body).shields(&shields));
        assert!(task.go().is_pending());
        clock.advance(SECOND);
        assert!(task.go().is_pending());
        clock.advance(9 * SECOND);
        assert!(task.go().is_pending());
        let polls = task.polls;
        token.cancel();
        assert!(task.go().is_ready());
        assert_eq!(task.polls - polls, PATIENCE + 1);
        assert!(!shields.is_open() && clock.armed() == 0);
    }
}

/// The cancel comes while the shield is polled, which is abandoned only afterwards.
#[test]
fn x4_abandoned_after_the_cancel() {
    let (token, shields, clock) = (Token::new(), Shields::new(), Clock::new());
    let body = async {
        let mut kept = Box::pin(shields.shield_future(pending::<()>()));
        let _ = select(kept.as_mut(), (&&clock).sleep(10 * SECOND)).await;
        (&&clock).sleep(100 * SECOND).await.unwrap();
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    clock.advance(SECOND);
    assert!(task.go().is_pending());
    assert_eq!(task.polls, 3, "one to look");
    clock.advance(9 * SECOND);
    assert!(task.go().is_ready());
    assert_eq!(task.polls, 3 + 2 + PATIENCE);
}

/// Forgotten ones beside one that is polled: that one counts, and the body ends with it.
#[test]
fn x67_forgotten_beside_a_living_one() {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        for _ in 0..10 {
            let mut leaked = Box::pin(shields.shield_future(pending::<()>()));
            assert!(futures_util::poll!(leaked.as_mut()).is_pending());
            std::mem::forget(leaked);
        }
        shields.shield_future(gate.cancelled()).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&token, body).shields(&shields));
    assert!(task.go().is_pending());
    token.cancel();
    assert!(task.go().is_pending());
    assert_eq!(task.polls, 3, "one to look");
    gate.cancel();
    assert!(task.go().is_ready());
    assert_eq!(task.polls, 3 + 4 + PATIENCE);
}

/// The same in a scope inside, whose token is one of its own: it holds while it has a shield that is polled.
#[test]
fn x4_in_a_nested_scope() {
    let (root, outer) = (CancelToken::new(), Shields::new());
    let child = root.child();
    let body = async {
        let inner = Shields::nested(&outer);
        let body = async {
            let mut leaked = Box::pin(inner.shield_future(pending::<()>()));
            assert!(futures_util::poll!(leaked.as_mut()).is_pending());
            std::mem::forget(leaked);
            pending::<()>().await;
        };
        let _ = Scope::new(&*child, body).shields(&inner).await;
        pending::<()>().await;
    };
    let mut task = Task::new(Scope::new(&*root, body).shields(&outer));
    assert!(task.go().is_pending());
    assert!(outer.is_open());
    root.cancel();
    assert!(task.go().is_ready());
    assert!(!outer.is_open());
}

/// A scope inside another one, both cancelled and held: each looks after an event, and sees that the other one
/// looks. They come to rest also if the event is one for the inner scope alone (its cancel, the end of one of its
/// shields), which puts it one pass behind.
#[test]
fn x4_scopes_inside_each_other_come_to_rest() {
    for deep in [1, 2, 3] {
        let root = CancelToken::new();
        let (own, polls) = (CancelToken::new(), Cell::new(0));
        let gates = [CancelToken::new(), CancelToken::new(), CancelToken::new()];
        let shields = Shields::new();
        let body = nested(&shields, deep, &own, &gates);
        let mut body = pin!(body);
        let counted = poll_fn(|cx| {
            polls.set(polls.get() + 1);
            assert!(polls.get() < 100, "{deep}: they do not come to rest");
            body.as_mut().poll(cx)
        });
        let mut task = Task::new(Scope::new(&*root, counted).shields(&shields));
        assert!(task.go().is_pending());
        for event in [&root, &own, &gates[0], &gates[1]] {
            polls.set(0);
            event.cancel();
            assert!(task.go().is_pending(), "{deep}");
            polls.set(0);
            assert!(task.go().is_pending());
            assert_eq!(polls.get(), 0, "{deep}");
        }
        gates[2].cancel();
        assert!(task.go().is_ready());
    }
}

/// Scopes one inside the other. The innermost one is cancelled by a source, and has three shields, of which one
/// is polled once more before it ends.
fn nested<'a>(
    outer: &'a Shields<'a>,
    deep: usize,
    own: &'a CancelToken,
    gates: &'a [CancelToken; 3],
) -> Body<'a> {
    Box::pin(async move {
        let inner = Shields::nested(outer);
        let token = Token::new();
        if deep > 1 {
            let body = nested(&inner, deep - 1, own, gates);
            let _ = Scope::new(&token, body)
                .shields(&inner)
                .finally(async || {})
                .await;
            return;
        }
        let works = gates.iter().map(|gate| {
            inner.shield_future(async {
                gate.cancelled().await;
                let mut again = true;
                poll_fn(|cx| match std::mem::take(&mut again) {
                    true => {
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    false => Poll::Ready(()),
                })
                .await;
            })
        });
        let body = async {
            join_all(works).await;
            pending::<()>().await;
        };
        let run = Scope::new(&token, body).source(own.cancelled_owned());
        let _ = run.shields(&inner).await;
    })
}
