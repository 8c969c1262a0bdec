//! Wakers that call back into tokens from `wake`, `clone` and `drop`: nothing may deadlock.

use cancel_core::{CancelToken, WaitForCancel};
use cancel_tests::{Counter, Hooks, watched};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

/// From where the waker calls back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Wake,
    Clone,
    /// By a poll with another waker.
    Replace,
    /// By the drop of the future.
    Drop,
}

/// What it does to the token.
type Act = fn(&CancelToken);

const ACTS: &[(&str, Act)] = &[
    ("is_cancelled", |token| {
        token.is_cancelled();
    }),
    ("check", |token| drop(token.check())),
    ("debug", |token| {
        drop(format!("{token:?} {:?}", token.cancelled()))
    }),
    ("cancel", |token| {
        token.cancel_with("from a waker");
    }),
    ("child", |token| {
        let child = token.child();
        assert!(child.is_cancelled() || !token.is_cancelled());
        drop(child.child());
    }),
    ("grandchild's cancel", |token| {
        assert!(token.child().child().cancel() || token.is_cancelled());
    }),
    ("poll", |token| {
        let mut wait = pin!(token.cancelled());
        let counter = Counter::new();
        let waker = counter.waker();
        let polled = wait.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_ready() || !token.is_cancelled());
        assert!(polled.is_pending() || token.is_cancelled());
    }),
    ("forgotten wait", |token| {
        let mut wait = Box::pin(token.cancelled());
        let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        std::mem::forget(wait);
    }),
    ("on_cancel", |token| drop(token.on_cancel(|_| {}))),
    ("any and all", |token| {
        let any = CancelToken::any([token, &CancelToken::new()]);
        let all = CancelToken::all([&any, token]);
        assert_eq!(all.is_cancelled(), token.is_cancelled());
    }),
    ("clone and drop", |token| drop(token.clone())),
    ("guard", |token| drop(token.clone().drop_guard())),
];

/// The token that is waited for, among its relatives.
struct Family {
    parent: CancelToken,
    token: CancelToken,
    child: CancelToken,
    sibling: CancelToken,
    source: CancelToken,
    follower: CancelToken,
}

impl Family {
    fn new() -> Arc<Self> {
        let (parent, source) = (CancelToken::new(), CancelToken::new());
        let token = parent.child();
        let child = token.child();
        Arc::new(Family {
            sibling: parent.child(),
            follower: CancelToken::any([&token, &source]),
            parent,
            token,
            child,
            source,
        })
    }

    fn all(&self) -> [(&'static str, &CancelToken); 6] {
        [
            ("parent", &self.parent),
            ("token", &self.token),
            ("child", &self.child),
            ("sibling", &self.sibling),
            ("source", &self.source),
            ("follower", &self.follower),
        ]
    }
}

/// Waits for `token` with a waker that acts; then cancels by `canceller`.
fn scenario(from: From, act: Act, target: usize, canceller: usize) {
    let family = Family::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let hook = {
        let (family, calls) = (family.clone(), calls.clone());
        move || {
            calls.fetch_add(1, SeqCst);
            act(family.all()[target].1);
        }
    };
    let hooks = match from {
        From::Wake => Hooks::new().on_wake(hook),
        From::Clone => Hooks::new().on_clone(hook),
        From::Replace | From::Drop => Hooks::new().on_drop(hook),
    };
    let (waker, _hooks) = hooks.waker();
    // Others wait at every token, before and after it.
    let counter = Counter::new();
    let plain = counter.waker();
    let wait = |token: &CancelToken, waker: &Waker| {
        let mut wait = Box::pin(token.cancelled_owned());
        let ready = wait
            .as_mut()
            .poll(&mut Context::from_waker(waker))
            .is_ready();
        assert_eq!(ready, token.is_cancelled());
        wait
    };
    let mut others: Vec<_> = family.all().iter().map(|(_, t)| wait(t, &plain)).collect();
    let mut acting = wait(&family.token, &waker);
    others.extend(family.all().iter().map(|(_, t)| wait(t, &plain)));
    match from {
        From::Replace => {
            let ready = acting
                .as_mut()
                .poll(&mut Context::from_waker(&plain))
                .is_ready();
            assert!(!ready || family.token.is_cancelled());
            assert!(family.token.is_cancelled() || calls.load(SeqCst) > 0);
        }
        From::Drop => {
            drop(acting);
            acting = wait(&family.token, &plain);
            assert!(calls.load(SeqCst) > 0);
        }
        From::Wake => assert_eq!(calls.load(SeqCst), 0),
        From::Clone => assert_eq!(calls.load(SeqCst), 1),
    }
    family.all()[canceller].1.cancel_with("at last");
    if from == From::Wake {
        assert_eq!(calls.load(SeqCst), usize::from(family.token.is_cancelled()));
    }
    for (_, token) in family.all() {
        token.cancel();
    }
    assert!(calls.load(SeqCst) > 0);
    for wait in others.iter_mut().chain([&mut acting]) {
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
    }
}

fn every_act(from: From) {
    for (name, act) in ACTS {
        for target in 0..6 {
            for canceller in 0..6 {
                let label = format!("{from:?}: {name} of {target}, cancelled {canceller}");
                watched(&label, move || scenario(from, *act, target, canceller));
            }
        }
    }
}

#[test]
fn from_wake() {
    every_act(From::Wake);
}

#[test]
fn from_clone() {
    every_act(From::Clone);
}

#[test]
fn from_the_drop_of_a_replaced_waker() {
    every_act(From::Replace);
}

#[test]
fn from_the_drop_of_a_future() {
    every_act(From::Drop);
}

type Slot = Arc<Mutex<Vec<Box<dyn std::any::Any + Send>>>>;

fn empty(slot: &Slot) -> impl Fn() + Send + Sync + use<> {
    let slot = slot.clone();
    move || {
        let taken = std::mem::take(&mut *slot.lock().unwrap());
        drop(taken);
    }
}

/// The last handles of tokens of the tree that is being cancelled go from inside a waker.
#[test]
fn last_handles_dropped_by_a_waker() {
    for from in [From::Wake, From::Clone, From::Replace] {
        for which in 0..32_usize {
            watched(&format!("{from:?}: last handles {which:b}"), move || {
                let slot = Slot::default();
                let root = CancelToken::new();
                let (token, counter) = (root.child(), Counter::new());
                let plain = counter.waker();
                let hooks = Hooks::new();
                let (waker, hooks) = match from {
                    From::Wake => hooks.on_wake(empty(&slot)),
                    From::Clone => hooks.on_clone(empty(&slot)),
                    _ => hooks.on_drop(empty(&slot)),
                }
                .waker();
                let child = token.child();
                let leaf = child.child();
                let any = CancelToken::any([&token, &child]);
                let below_any = any.child();
                let mut waits: Vec<Pin<Box<WaitForCancel<CancelToken>>>> = Vec::new();
                // Many, so that some are still in the lists when the first is woken.
                for token in [&root, &leaf, &below_any] {
                    for _ in 0..40 {
                        let mut wait = Box::pin(token.cancelled_owned());
                        let _ = wait.as_mut().poll(&mut Context::from_waker(&plain));
                        waits.push(wait);
                    }
                }
                let callback = leaf.on_cancel(|_| {});
                let mut acting = Box::pin(root.cancelled_owned());
                if from != From::Clone {
                    let _ = acting.as_mut().poll(&mut Context::from_waker(&waker));
                }
                let mut kept: Vec<CancelToken> = Vec::new();
                for (bit, token) in [token, child, leaf, any, below_any].into_iter().enumerate() {
                    match which >> bit & 1 {
                        1 => slot.lock().unwrap().push(Box::new(token)),
                        _ => kept.push(token),
                    }
                }
                if which % 2 == 0 {
                    slot.lock()
                        .unwrap()
                        .push(Box::new((waits.split_off(60), callback)));
                }
                match from {
                    From::Wake => {}
                    From::Clone => {
                        let _ = acting.as_mut().poll(&mut Context::from_waker(&waker));
                    }
                    _ => {
                        let _ = acting.as_mut().poll(&mut Context::from_waker(&plain));
                    }
                }
                assert!(root.cancel());
                assert!(slot.lock().unwrap().is_empty(), "the waker did not act");
                assert!(kept.iter().all(|token| token.is_cancelled()));
                for wait in &mut waits {
                    let mut cx = Context::from_waker(Waker::noop());
                    assert!(wait.as_mut().poll(&mut cx).is_ready());
                }
                drop((acting, hooks));
            });
        }
    }
}

/// A waker that owns the only handle of the token that it waits for, and of its parent.
#[test]
fn a_waker_owns_the_tokens() {
    watched("a waker that owns its tokens", || {
        let root = CancelToken::new();
        let parent = root.child();
        let token = parent.child();
        let owned = (parent, token.clone());
        let (waker, hooks) = Hooks::new()
            .on_wake(move || assert!(owned.1.is_cancelled()))
            .waker();
        let alive = Arc::downgrade(&hooks);
        drop(hooks);
        let mut wait = Box::pin(token.cancelled_owned());
        drop(token);
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        assert!(root.cancel());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
        assert!(
            alive.upgrade().is_none(),
            "the waker is gone, and its tokens with it"
        );
    });
}

/// A woken task drops futures of others that wait, woken or not yet.
#[test]
fn a_waker_drops_other_waits() {
    for at in [0, 1, 31, 32, 63, 99] {
        watched(
            &format!("waker no. {at} drops all other waits"),
            move || {
                let slot = Slot::default();
                let (root, counter) = (CancelToken::new(), Counter::new());
                let tokens: Vec<CancelToken> = (0..10).map(|_| root.child()).collect();
                let mut waits = Vec::new();
                let mut acting = None;
                for n in 0..100 {
                    let mut wait = Box::pin(tokens[n % 10].cancelled_owned());
                    let waker = match n == at {
                        true => Hooks::new().on_wake(empty(&slot)).waker().0,
                        false => counter.waker(),
                    };
                    assert!(
                        wait.as_mut()
                            .poll(&mut Context::from_waker(&waker))
                            .is_pending()
                    );
                    match n == at {
                        true => acting = Some(wait),
                        false => waits.push(wait),
                    }
                }
                slot.lock().unwrap().push(Box::new(waits));
                drop(tokens);
                assert!(root.cancel());
                assert!(slot.lock().unwrap().is_empty());
                assert_eq!(Arc::strong_count(&counter), 1, "a waker was left");
                drop(acting);
            },
        );
    }
}
