//! The stream of changes.

use cancel_std::{Cancelable, Change, Changes, Filter, Registry, Status};
use smol::stream::StreamExt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

fn now(changes: &mut Changes) -> Vec<Change> {
    let mut all = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(change) = changes.poll_next(&mut cx) {
        all.extend(change);
    }
    all
}

#[test]
fn a_life_in_order() {
    let registry = Registry::new();
    let mut changes = registry.changes();
    let op = Cancelable::new()
        .grace(Duration::from_secs(60))
        .register(&registry)
        .build();
    let id = op.id();
    assert_eq!(now(&mut changes), [Change::Registered(id)]);
    let mut run = Box::pin(op.run(async |cx| {
        cx.cancelled().await;
    }));
    let mut poll = || {
        let mut cx = Context::from_waker(Waker::noop());
        run.as_mut().poll(&mut cx).is_ready()
    };
    assert!(!poll());
    assert_eq!(now(&mut changes), [Change::Started(id)]);
    op.cancel();
    assert!(poll());
    assert_eq!(
        now(&mut changes),
        [
            Change::CancelRequested(id),
            Change::Ended(id, Status::Completed)
        ]
    );
    assert!(now(&mut changes).is_empty());
}

#[test]
fn those_that_leave_without_an_end() {
    let registry = Registry::new();
    let mut changes = registry.changes();
    let first = Cancelable::new().register(&registry).build();
    let second = Cancelable::new().register(&registry).build();
    let ids = [first.id(), second.id()];
    drop(first);
    registry.remove(second.id());
    smol::block_on(second.run(async |_| ())).unwrap(); // nobody sees this
    assert_eq!(
        now(&mut changes),
        [
            Change::Registered(ids[0]),
            Change::Registered(ids[1]),
            Change::Left(ids[0]),
            Change::Left(ids[1])
        ]
    );
}

#[test]
fn what_a_change_tells_is_there() {
    let registry = Registry::new();
    let mut changes = registry.changes();
    let thread = std::thread::spawn({
        let registry = registry.clone();
        move || {
            for _ in 0..200 {
                let op = Cancelable::new().register(&registry);
                smol::block_on(op.run(async |_| ())).unwrap();
            }
        }
    });
    let mut ended = 0;
    while ended < 200 {
        match smol::block_on(changes.next()).unwrap() {
            Change::Ended(id, status) => {
                ended += 1;
                // (Its history is of 100, and may have been overtaken.)
                if let Some(context) = registry.get(id) {
                    assert_eq!(context.status(), status);
                }
                assert!(
                    registry
                        .ids(&Filter::new())
                        .iter()
                        .all(|other| *other != id)
                );
            }
            Change::Missed(_) => panic!("600 are less than 1024"),
            _ => {}
        }
    }
    thread.join().unwrap();
}

#[test]
fn who_reads_slowly_is_told() {
    let registry = Registry::new();
    let mut slow = registry.changes();
    for _ in 0..1000 {
        drop(Cancelable::new().register(&registry).build()); // two changes
    }
    let late = registry.changes();
    let all = now(&mut slow);
    assert_eq!(all.len(), 1 + 1024);
    assert_eq!(all[0], Change::Missed(2000 - 1024));
    assert_eq!(all[0].id(), None);
    drop(slow);
    drop(late);
    // Nothing is kept for nobody.
    drop(Cancelable::new().register(&registry).build());
    let mut fresh = registry.changes();
    assert!(now(&mut fresh).is_empty());
    let op = Cancelable::new().register(&registry).build();
    assert_eq!(now(&mut fresh), [Change::Registered(op.id())]);
}

#[test]
fn readers_are_woken_and_do_not_disturb_each_other() {
    let registry = Registry::new();
    let (mut first, mut second) = (registry.changes(), registry.changes());
    let reader = std::thread::spawn(move || smol::block_on(first.next()));
    let other = std::thread::spawn(move || {
        // One that gives up now and then loses nothing.
        for _ in 0..10 {
            let mut next = second.next();
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(change) = Pin::new(&mut next).poll(&mut cx) {
                return change;
            }
        }
        smol::block_on(second.next())
    });
    let op = Cancelable::new().register(&registry).build();
    let expected = Some(Change::Registered(op.id()));
    assert_eq!(reader.join().unwrap(), expected);
    assert_eq!(other.join().unwrap(), expected);
}

/// Does with the registry what a waker may do, then panics.
struct Wild {
    registry: Registry,
    reader: Mutex<Option<Changes>>,
    woken: AtomicUsize,
}

impl Wake for Wild {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        self.registry.list(&Filter::new());
        drop(self.reader.lock().unwrap().take()); // its own
        drop(self.registry.changes());
        panic!("of a waker");
    }
}

#[test]
fn wakers_may_do_anything_and_do_the_operation_no_harm() {
    let registry = Registry::new();
    let wild = Arc::new(Wild {
        registry: registry.clone(),
        reader: Mutex::new(None),
        woken: AtomicUsize::new(0),
    });
    let mut reader = registry.changes();
    let mut other = registry.changes();
    let waker = Waker::from(wild.clone());
    assert!(
        reader
            .poll_next(&mut Context::from_waker(&waker))
            .is_pending()
    );
    *wild.reader.lock().unwrap() = Some(reader);
    let op = Cancelable::new().register(&registry);
    assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    assert_eq!(wild.woken.load(Ordering::Relaxed), 1);
    assert_eq!(now(&mut other).len(), 3);
}

#[test]
fn nobody_waits_for_readers() {
    let registry = Registry::new();
    let _sleeps = registry.changes();
    let op = Cancelable::new().register(&registry).build();
    let run = op.run(async |_| pending::<()>().await);
    registry.cancel(op.id(), "at once");
    smol::block_on(run).unwrap_err();
    assert!(registry.is_empty());
}
