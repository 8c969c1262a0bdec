//! Random operations on slots that all threads share.

use super::STRICT;
use crate::Config;
use crate::limits::Limits;
use crate::rounds::rounds;
use cancel_core::{CancelToken, Child, Reason, Registration, Token, WaitForCancel};
use cancel_tests::spin::Spin;
use cancel_tests::{Counter, Rng};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

const SLOTS: usize = 48;

struct Wait {
    future: Pin<Box<WaitForCancel<CancelToken>>>,
    counter: Arc<Counter>,
}

/// Whatever is replaced or taken is dropped outside of the slot's lock.
struct Slots {
    tokens: Vec<Spin<CancelToken>>,
    registrations: Vec<Spin<Option<Registration<CancelToken>>>>,
    waits: Vec<Spin<Option<Wait>>>,
    limits: Limits,
}

impl Slots {
    fn new() -> Arc<Self> {
        Arc::new(Slots {
            tokens: (0..SLOTS).map(|_| Spin::new(CancelToken::new())).collect(),
            registrations: (0..SLOTS).map(|_| Spin::new(None)).collect(),
            waits: (0..SLOTS).map(|_| Spin::new(None)).collect(),
            limits: Limits::new(SLOTS),
        })
    }

    fn token(&self, rng: &mut Rng) -> CancelToken {
        self.tokens[rng.below(SLOTS)].with(|token| token.clone())
    }

    fn put(&self, rng: &mut Rng, token: CancelToken) {
        drop(self.tokens[rng.below(SLOTS)].replace(token));
    }

    fn clear(&self) {
        for slot in &self.tokens {
            drop(slot.replace(CancelToken::never()));
        }
        for slot in &self.registrations {
            drop(slot.replace(None));
        }
        for slot in &self.waits {
            if let Some(mut wait) = slot.replace(None) {
                end(&mut wait);
            }
        }
    }
}

/// Pending and cancelled means woken, sooner or later.
fn end(wait: &mut Wait) {
    if wait.counter.wakes() > 0 {
        let waker = wait.counter.waker();
        let poll = wait.future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_ready(), "woken for nothing");
    }
}

fn step(slots: &Arc<Slots>, rng: &mut Rng) {
    let token = slots.token(rng);
    match rng.below(42) {
        0..3 => slots.put(rng, CancelToken::new()),
        3..10 => slots.put(rng, token.child()),
        10..12 => slots.put(rng, token), // and the last handle of another goes
        12..14 => {
            let others = [slots.token(rng), slots.token(rng), token.child()];
            let follower = match rng.one_in(3) {
                true => CancelToken::all([&token, &others[0]]),
                false => CancelToken::any(others.iter().chain([&token, &token])),
            };
            let child = follower.child();
            let kept = if rng.one_in(2) { follower } else { child };
            slots.put(rng, kept);
        }
        14 => strict(slots, rng, &token),
        15 => {
            let mut all: Vec<CancelToken> = (0..100).map(|_| token.child()).collect();
            rng.shuffle(&mut all);
            all.truncate(50);
            slots.put(rng, all[0].child());
        }
        16 => {
            let mut last = token.child();
            (0..100).for_each(|_| last = last.child());
            slots.put(rng, last);
        }
        17..19 => in_place(rng, &token),
        19..21 => {
            let own = [slots.token(rng), token.child(), token.clone()];
            let all = slots.clone();
            let mut luck = rng.clone();
            let registration = token.on_cancel(move |why| {
                // Called at once, it may be ahead of the canceller, which a cancel is not.
                assert!(!own[2].cancel() && (!STRICT || own[1].is_cancelled()));
                match luck.below(4) {
                    0 => assert!(!own[0].cancel_with(why.clone()) || own[0].is_cancelled()),
                    1 => all.put(&mut luck, own[0].child()),
                    2 => drop(all.registrations[luck.below(SLOTS)].replace(None)),
                    _ => drop(own),
                }
            });
            drop(slots.registrations[rng.below(SLOTS)].replace(Some(registration)));
        }
        21 => drop(slots.registrations[rng.below(SLOTS)].replace(None)),
        22..26 => wait(slots, rng, token),
        26 => drop(format!("{token:?} {:?}", token.check())),
        27 => drop(token.drop_guard().disarm()),
        28 => stop_below(slots, rng, &token),
        29 => {
            // (One that holds a handle of its own token would keep it for ever.)
            let kept = rng.next_u64().to_string();
            token.on_cancel(move |_| drop(kept)).detach();
            if let Some(registration) = slots.registrations[rng.below(SLOTS)].replace(None) {
                end_of(registration, rng);
            }
        }
        30 => {
            if let Some(why) = slots.token(rng).cause() {
                token.cancel_with(why); // handed on
                assert!(token.is_cancelled() || !token.may_be_cancelled());
            }
        }
        31 => {
            let fixed = [Token::never(), Token::never()];
            let any = CancelToken::any([token.view_owned(), slots.token(rng).view_owned()].iter());
            slots.put(rng, any.child_following(fixed));
        }
        32..35 => time_limit(slots, rng, &token),
        35..38 => slots.limits.poll_one(rng),
        _ => {
            let (seen, cause) = (token.is_cancelled(), token.check());
            assert!(cause.is_err() || !seen);
            assert!(token.cause() == cause.clone().err() || cause.is_ok());
        }
    }
}

/// Sets a time limit, replaces it, takes it away, while the tasks of others find that theirs is over.
fn time_limit(slots: &Slots, rng: &mut Rng, token: &CancelToken) {
    let runtime = slots.limits.runtime(rng);
    let limit = runtime.random(rng);
    match rng.below(8) {
        0 => slots.put(rng, runtime.token(limit)),
        1 => slots.put(rng, runtime.child(token, limit)),
        2 => token.clear_timeout(),
        3 => drop(token.deadline()),
        _ => {
            runtime.set(token, limit);
            let over = token.is_cancelled() || !token.may_be_cancelled();
            assert!(over || !limit.is_zero());
        }
    }
    // A limit of its own, which nobody can take away, on a token that others cancel from above.
    if rng.one_in(4) {
        let child = runtime.child(token, runtime.random(rng));
        let last = rng.one_in(2).then(|| child.child());
        drop(child);
        drop(last);
    }
}

/// What is below a token when `cancel_children` is called is cancelled when that returns, whoever else is
/// at work. The token may be cancelled by others.
fn stop_below(slots: &Slots, rng: &mut Rng, token: &CancelToken) {
    let below: Vec<CancelToken> = (0..=rng.below(40)).map(|_| token.child()).collect();
    let lowest = below[rng.below(below.len())].child();
    if rng.one_in(2) {
        slots.put(rng, lowest.clone());
    }
    token.cancel_children_with((Reason::Custom(8), "below"));
    let over = |token: &CancelToken| token.is_cancelled();
    let never = !token.may_be_cancelled();
    assert!(!STRICT || never || (below.iter().all(over) && over(&lowest)));
}

/// While its callback may be running on another thread.
fn end_of(registration: Registration<CancelToken>, rng: &mut Rng) {
    match rng.below(3) {
        0 => _ = registration.unregister(),
        #[cfg(feature = "std")]
        1 => _ = registration.unregister_and_wait(),
        _ => drop(registration),
    }
}

/// When a cancel returns, whoever won, all that `child` made below is cancelled.
fn strict(slots: &Slots, rng: &mut Rng, token: &CancelToken) {
    let mut below = vec![token.child()];
    for _ in 0..rng.below(60) {
        let parent = below[rng.below(below.len())].child();
        below.push(parent);
    }
    let gone = below.len() / 2;
    rng.shuffle(&mut below);
    below.truncate(gone + 1);
    if rng.one_in(2) {
        slots.put(rng, below[0].clone());
    }
    let follower = CancelToken::any([&below[0]]);
    let won = token.cancel_with((Reason::Custom(7), "strict"));
    assert!(!STRICT || (token.is_cancelled() && below.iter().all(|token| token.is_cancelled())));
    for token in below.iter().filter(|token| STRICT || token.is_cancelled()) {
        let cause = token.cause().expect("cancelled");
        assert!(
            cause.is_inherited() || cause.message() != Some("strict") || !won || *token == below[0]
        );
    }
    assert!(!STRICT || follower.is_cancelled() || !won);
}

/// Children in place below a shared token, with waits, while others cancel it.
fn in_place(rng: &mut Rng, token: &CancelToken) {
    let child = pin!(Child::new(token));
    let child = child.enter();
    let grandchild = pin!(Child::new(child));
    let grandchild = grandchild.enter();
    let counter = Counter::new();
    let waker = counter.waker();
    let mut wait = pin!(grandchild.cancelled());
    let ready = wait
        .as_mut()
        .poll(&mut Context::from_waker(&waker))
        .is_ready();
    assert!(!STRICT || (!ready || grandchild.is_cancelled()));
    if rng.one_in(3) {
        child.cancel();
        assert!(!STRICT || (grandchild.is_cancelled()));
    } else if rng.one_in(3) {
        token.cancel();
        assert!(!STRICT || (grandchild.is_cancelled() && child.is_cancelled()));
    }
}

fn wait(slots: &Slots, rng: &mut Rng, token: CancelToken) {
    let slot = &slots.waits[rng.below(SLOTS)];
    let Some(mut wait) = slot.replace(None) else {
        let mut wait = Wait {
            future: Box::pin(token.cancelled_owned()),
            counter: Counter::new(),
        };
        drop(token);
        let waker = wait.counter.waker();
        if !rng.one_in(4) {
            let _ = wait.future.as_mut().poll(&mut Context::from_waker(&waker));
        }
        drop(slot.replace(Some(wait)));
        return;
    };
    end(&mut wait);
    if rng.one_in(2) {
        if rng.one_in(2) {
            wait.counter = Counter::new();
        }
        let waker = wait.counter.waker();
        match wait.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(cancelled) => drop(cancelled),
            Poll::Pending => drop(slot.replace(Some(wait))),
        }
    }
}

pub(crate) fn forest(config: Config) {
    rounds(
        config,
        |_| Slots::new(),
        |slots, _, rng| {
            for _ in 0..400 {
                step(slots, rng);
            }
        },
        |slots| {
            slots.clear();
            slots.clear(); // what callbacks put in while it was cleared
            slots.limits.end();
        },
    );
}
