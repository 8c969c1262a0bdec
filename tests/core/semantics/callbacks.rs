//! A11: callbacks.

use cancel_core::{CancelToken, Cancelled, OnCancel, Reason, Registration, Token};
use cancel_tests::{Counter, Rng};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Context;
use std::thread;

type Log = Arc<Mutex<Vec<usize>>>;

fn logged(token: &CancelToken, log: &Log, number: usize) -> Registration<CancelToken> {
    let log = log.clone();
    token.on_cancel(move |_| log.lock().unwrap().push(number))
}

fn read(log: &Log) -> Vec<usize> {
    log.lock().unwrap().clone()
}

#[test]
fn in_order_once_on_the_cancelling_thread() {
    let (token, log) = (CancelToken::new(), Log::default());
    let threads = Arc::new(Mutex::new(Vec::new()));
    let registrations: Vec<_> = (0..100)
        .map(|n| {
            let (log, threads) = (log.clone(), threads.clone());
            token.on_cancel(move |_| {
                log.lock().unwrap().push(n);
                threads.lock().unwrap().push(thread::current().id());
            })
        })
        .collect();
    let handle = token.clone();
    let canceller = thread::spawn(move || {
        assert!(handle.cancel());
        assert!(!handle.cancel());
        thread::current().id()
    });
    let canceller = canceller.join().unwrap();
    assert_eq!(read(&log), (0..100).collect::<Vec<_>>());
    assert!(threads.lock().unwrap().iter().all(|id| *id == canceller));
    drop(registrations);
    assert_eq!(read(&log).len(), 100);
}

#[test]
fn with_the_cause_of_its_token() {
    let root = CancelToken::new();
    let child = root.child();
    let any = CancelToken::any([&root]);
    let (send, causes) = channel();
    let registrations = [&root, &child, &any].map(|token| {
        let (send, expect) = (send.clone(), token.view().id());
        token.on_cancel(move |why| send.send((expect, why.clone())).unwrap())
    });
    root.cancel_with((Reason::Timeout, "late"));
    let causes: Vec<_> = causes.try_iter().collect();
    assert_eq!(causes.len(), 3);
    for (id, why) in causes {
        let token = [&root, &child, &any]
            .into_iter()
            .find(|token| token.id() == id);
        assert_eq!(token.unwrap().cause(), Some(why));
    }
    drop(registrations);
}

#[test]
fn at_once_if_cancelled() {
    let (token, log) = (CancelToken::new(), Log::default());
    token.cancel();
    let registration = logged(&token, &log, 1);
    assert_eq!(read(&log), [1]);
    drop(registration);
    assert_eq!(read(&log), [1]);

    static STOP: Token = Token::new();
    let here = log.clone();
    let registration = STOP.on_cancel_ref(move |_| here.lock().unwrap().push(2));
    STOP.cancel();
    drop(registration);
    let here = log.clone();
    drop(STOP.on_cancel_ref(move |_| here.lock().unwrap().push(3)));
    assert_eq!(read(&log), [1, 2, 3]);
}

#[test]
fn deregistered_it_never_runs_and_its_closure_is_dropped() {
    let (token, log, held) = (CancelToken::new(), Log::default(), Arc::new(()));
    let mut registrations: Vec<_> = (0..9)
        .map(|n| {
            let (log, held) = (log.clone(), held.clone());
            Some(token.on_cancel(move |_| {
                log.lock().unwrap().push(n);
                drop(held);
            }))
        })
        .collect();
    for gone in [0, 4, 5, 8] {
        registrations[gone] = None;
    }
    assert_eq!(Arc::strong_count(&held), 6);
    token.cancel();
    assert_eq!(read(&log), [1, 2, 3, 6, 7]);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn forgotten_it_stays() {
    let (token, log) = (CancelToken::new(), Log::default());
    std::mem::forget(logged(&token, &log, 1));
    token.cancel();
    assert_eq!(read(&log), [1]);
}

/// A callback drops others' registrations: those that have not run do not run any more.
#[test]
fn dropping_another_registration_from_inside() {
    let (token, log) = (CancelToken::new(), Log::default());
    let others: Arc<Mutex<Vec<_>>> = Arc::default();
    let before = logged(&token, &log, 0);
    let (drops, here) = (others.clone(), log.clone());
    let dropper = token.on_cancel(move |_| {
        here.lock().unwrap().push(1);
        let taken = std::mem::take(&mut *drops.lock().unwrap());
        assert_eq!(taken.len(), 3);
    });
    let after = logged(&token, &log, 2);
    let late = logged(&token, &log, 3);
    let child = token.child();
    let elsewhere = logged(&child, &log, 4);
    let mut list = others.lock().unwrap();
    list.push(before);
    list.push(late);
    list.push(elsewhere);
    drop(list);
    token.cancel();
    let ran = read(&log);
    assert!(ran.starts_with(&[0, 1]) || ran.starts_with(&[4]), "{ran:?}");
    assert!(!ran.contains(&3) && ran.contains(&2), "{ran:?}");
    drop((dropper, after));
}

#[test]
fn a_callback_drops_its_own_registration() {
    let (token, runs) = (CancelToken::new(), Arc::new(AtomicUsize::new(0)));
    let own = Arc::new(Mutex::new(None));
    let (slot, count) = (own.clone(), runs.clone());
    *own.lock().unwrap() = Some(token.on_cancel(move |_| {
        drop(slot.lock().unwrap().take());
        count.fetch_add(1, SeqCst);
    }));
    token.cancel();
    assert_eq!(runs.load(SeqCst), 1);
    assert!(own.lock().unwrap().is_none());
}

/// All flags of the whole tree, then all wakers, then the callbacks.
#[test]
fn wakers_before_callbacks() {
    for children in [0, 1, 5, 100] {
        let root = CancelToken::new();
        let tree: Vec<CancelToken> = (0..children).map(|_| root.child()).collect();
        let all: Vec<CancelToken> = tree.iter().chain([&root]).cloned().collect();
        let counter = Counter::new();
        let waker = counter.waker();
        let mut cx = Context::from_waker(&waker);
        let ran = Arc::new(AtomicUsize::new(0));
        let on_cancel = |token: &CancelToken| {
            let (counter, all, ran) = (counter.clone(), all.clone(), ran.clone());
            token.on_cancel(move |_| {
                assert!(all.iter().all(|token| token.is_cancelled()));
                assert_eq!(counter.wakes(), 2 * all.len());
                ran.fetch_add(1, SeqCst);
            })
        };
        let early: Vec<_> = all.iter().map(on_cancel).collect();
        let mut waits = Vec::new();
        for token in all.iter().chain(&all) {
            let mut wait = Box::pin(token.cancelled());
            assert!(wait.as_mut().poll(&mut cx).is_pending());
            waits.push(wait);
        }
        let late: Vec<_> = all.iter().map(on_cancel).collect();
        root.cancel();
        assert_eq!(ran.load(SeqCst), 2 * all.len());
        drop((early, late));
    }
}

#[test]
fn a_callback_may_do_anything() {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let (parent, log) = (CancelToken::new(), Log::default());
    let below = parent.child();
    let on_other = logged(&other, &log, 1);
    let on_below = logged(&below, &log, 2);
    let (here, target, up, own) = (log.clone(), other.clone(), parent, token.clone());
    let registration = token.on_cancel(move |why| {
        assert!(own.is_cancelled() && !own.cancel_with("again"));
        assert!(target.cancel_with(why.clone()));
        assert!(up.cancel());
        let inner = here.clone();
        let registered = own.on_cancel(move |_| inner.lock().unwrap().push(3));
        drop(registered);
        assert!(own.child().is_cancelled());
        let mut wait = pin!(own.cancelled_owned());
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(std::task::Waker::noop()))
                .is_ready()
        );
        drop(own); // and `up`, the last handle of `parent`
    });
    token.cancel_with("start");
    assert_eq!(read(&log), [1, 2, 3]);
    assert_eq!(other.cause().unwrap().message(), Some("start"));
    assert!(below.is_cancelled());
    drop((registration, on_other, on_below));
}

/// `cancel`, `is_cancelled` and `Debug` wait for no user code of other threads.
#[test]
fn nobody_waits_for_a_callback() {
    cancel_tests::watched("a callback that takes its time", || {
        let token = CancelToken::new();
        let (leaf, parent) = (token.child().child(), token.clone());
        let (entered, is_in) = channel();
        let (go_on, may_go) = channel::<()>();
        let slow = token.on_cancel(move |_| {
            entered.send(()).unwrap();
            may_go.recv().unwrap();
        });
        let canceller = thread::spawn(move || parent.cancel());
        is_in.recv().unwrap();
        assert!(!token.cancel() && token.is_cancelled() && leaf.is_cancelled());
        assert!(!format!("{token:?} {leaf:?} {slow:?}").is_empty());
        assert!(token.child().is_cancelled());
        drop(slow); // does not wait for the callback, which is running
        assert!(!canceller.is_finished());
        go_on.send(()).unwrap();
        assert!(canceller.join().unwrap());
    });
}

/// On the heap and in place, they are called in the order of registration, after all wakers.
#[test]
fn in_place_and_on_the_heap_in_one_order() {
    type Calls = (Mutex<Vec<usize>>, Arc<Counter>);
    let mut rng = Rng::new(7);
    for round in 0..300 {
        let root = CancelToken::new();
        let token = if round % 2 == 0 {
            root.child()
        } else {
            root.clone()
        };
        let counter = Counter::new();
        let waker = counter.waker();
        let calls: &'static Calls = Box::leak(Box::new((Mutex::default(), counter.clone())));
        let (mut in_place, mut on_heap, mut waits) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..rng.below(90) {
            let call = move |_: &Cancelled| {
                calls.0.lock().unwrap().push(number);
                calls.0.lock().unwrap().push(calls.1.wakes());
            };
            match rng.below(4) {
                0 => {
                    let mut hook = Box::pin(OnCancel::new(&token, call));
                    hook.as_mut().enter();
                    in_place.push((number, hook));
                }
                1 => on_heap.push((number, token.on_cancel(call))),
                2 => {
                    let mut wait = Box::pin(token.cancelled());
                    let mut cx = Context::from_waker(&waker);
                    assert!(wait.as_mut().poll(&mut cx).is_pending());
                    waits.push(wait);
                }
                _ if rng.one_in(2) => drop(in_place.pop()),
                _ => drop(on_heap.pop()),
            }
        }
        root.cancel();
        let numbers = in_place.iter().map(|(number, _)| *number);
        let mut numbers: Vec<_> = numbers.chain(on_heap.iter().map(|one| one.0)).collect();
        numbers.sort_unstable();
        let expected = numbers.into_iter().flat_map(|number| [number, waits.len()]);
        assert_eq!(*calls.0.lock().unwrap(), expected.collect::<Vec<_>>());
    }
}
