//! Threads that register, run, list and cancel at once; and that nothing stays behind.

use cancel_std::{Cancelable, Change, Filter, Reason, Registry, Status};
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

const EACH: u64 = 1500;
const WORKERS: u64 = 3;

/// Ends an operation in one of seven ways. Whether it counts as ended.
fn one(registry: &Registry, n: u64) -> bool {
    let op = Cancelable::new().name("stress").register(registry).build();
    let mut cx = Context::from_waker(Waker::noop());
    match n % 7 {
        0 => drop(op),
        1 => drop(op.run(async |_| ())),
        2 => drop(smol::block_on(op.run(async |_| ()))),
        3 => {
            let mut run = Box::pin(op.run(async |_| pending::<()>().await));
            let _ = run.as_mut().poll(&mut cx);
            drop(run);
        }
        4 => {
            op.cancel_with(Reason::Custom(4));
            smol::block_on(op.run(async |_| ())).unwrap_err();
        }
        5 => {
            // In somebody else's hands.
            let id = op.id();
            let run = op.run(async |_| pending::<()>().await);
            let there = registry.cancel(id, Reason::Shutdown) || op.is_cancelled();
            assert!(there);
            smol::block_on(run).unwrap_err();
        }
        _ => {
            let child = op.child().register(registry).build();
            let run = op.run(async |_| smol::block_on(child.run(async |_| ())).is_ok());
            let _ = smol::block_on(run);
        }
    }
    n % 7 > 1
}

#[test]
fn everything_at_once() {
    let registry = Registry::new();
    let mut changes = registry.changes();
    let done = Arc::new(AtomicBool::new(false));
    let ended = Arc::new(AtomicU64::new(0));
    let children = EACH / 7 * WORKERS; // of the seventh way, besides

    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (registry, ended) = (registry.clone(), ended.clone());
            thread::spawn(move || {
                for n in 0..EACH / 7 * 7 {
                    ended.fetch_add(one(&registry, n).into(), Ordering::Relaxed);
                }
            })
        })
        .collect();
    let watcher = thread::spawn({
        let (registry, done) = (registry.clone(), done.clone());
        move || {
            let mut rounds = 0;
            while !done.load(Ordering::Relaxed) {
                for context in registry.list(&Filter::new().name("stress")) {
                    assert!(!context.status().is_final());
                }
                let seen = registry.statistics();
                assert!(seen.running() + seen.pending() <= 2 * WORKERS);
                registry.history(&Filter::new().status(Status::Cancelled));
                registry.cancel_where(&Filter::new().name("nobody"), "never");
                if rounds % 50 == 0 {
                    registry.cancel_all(Reason::Custom(1));
                    registry.clear_history();
                }
                rounds += 1;
            }
        }
    });
    let reader = thread::spawn({
        let done = done.clone();
        move || {
            let mut cx = Context::from_waker(Waker::noop());
            while !done.load(Ordering::Relaxed) {
                if let Poll::Ready(Some(Change::Missed(missed))) =
                    smol::stream::StreamExt::poll_next(&mut changes, &mut cx)
                {
                    assert!(missed > 0);
                }
            }
        }
    });
    for worker in workers {
        worker.join().unwrap();
    }
    done.store(true, Ordering::Relaxed);
    watcher.join().unwrap();
    reader.join().unwrap();

    assert!(registry.is_empty());
    let seen = registry.statistics();
    let all = EACH / 7 * 7 * WORKERS + children;
    assert_eq!(seen.registered(), all);
    assert_eq!((seen.pending(), seen.running()), (0, 0));
    assert_eq!(seen.ended() + seen.unended(), all);
    // A child whose parent was cancelled before its body began is dropped without having run.
    let ended = ended.load(Ordering::Relaxed);
    assert!((ended..=ended + children).contains(&seen.ended()));
}

/// An operation that is registered by one thread while another one runs it, and a third takes it out.
#[test]
fn registering_meets_the_end() {
    let registry = Registry::new();
    for _ in 0..500 {
        let op = Cancelable::new().build();
        let gate = std::sync::Barrier::new(3);
        thread::scope(|scope| {
            scope.spawn(|| {
                gate.wait();
                op.register(&registry);
            });
            scope.spawn(|| {
                gate.wait();
                registry.remove(op.id());
            });
            gate.wait();
            smol::block_on(op.run(async |_| ())).unwrap();
        });
        assert!(registry.is_empty(), "it came in after its end");
    }
    let seen = registry.statistics();
    assert_eq!((seen.pending(), seen.running()), (0, 0));
    assert_eq!(seen.registered(), seen.ended() + seen.unended());
}

/// Dropped on one thread while another one lists it: whoever is last drops it.
#[test]
fn listing_meets_the_last_handle() {
    let registry = Registry::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                registry.list(&Filter::new());
                registry.cancel_all("all");
            }
        });
        for _ in 0..3000 {
            let op = Cancelable::new().register(&registry).build();
            drop(op);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(registry.is_empty());
    assert_eq!(registry.statistics().unended(), 3000);
}

fn _registries_go_anywhere() {
    fn goes<T: Send + Sync + Clone + std::panic::UnwindSafe + 'static>() {}
    fn moves<T: Send + Unpin + 'static>() {}
    goes::<Registry>();
    moves::<cancel_std::Changes>();
    fn boxed(_: Pin<Box<dyn Future<Output = ()> + Send>>) {}
    boxed(Box::pin(async {
        Registry::global().list(&Filter::new().matching(|_| true));
    }));
}
