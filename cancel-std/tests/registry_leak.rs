//! What a registry leaves behind: nothing that grows with the number of operations that were in it.

use cancel_std::testing::TestWaker;
use cancel_std::{Cancelable, Filter, Registry};
use cancel_tests::alloc::{Counting, live_here};
use std::future::pending;

#[global_allocator]
static ALLOC: Counting = Counting;

/// Comes and goes in one of five ways.
fn one(registry: &Registry, n: usize) {
    let op = Cancelable::new()
        .name(format!("operation {n}"))
        .register(registry)
        .build();
    match n % 5 {
        0 => drop(op),
        1 => smol::block_on(op.run(async |_| ())).unwrap(),
        2 => {
            registry.cancel(op.id(), "enough");
            smol::block_on(op.run(async |_| ())).unwrap_err();
        }
        3 => {
            let mut run = Box::pin(op.run(async |_| pending::<()>().await));
            assert!(TestWaker::counting().poll(run.as_mut()).is_pending());
        }
        _ => {
            let child = op.child().register(registry);
            let run = op.run(async |_| child.run(async |_| ()).await);
            smol::block_on(run).unwrap().unwrap();
        }
    }
}

/// The bytes that are there afterwards, and were not before.
fn left(registry: &Registry, number: usize) -> i64 {
    let before = live_here().bytes;
    (0..number).for_each(|n| one(registry, n));
    registry.clear_history();
    live_here().bytes - before
}

#[test]
fn by_operations_one_after_the_other() {
    let registry = Registry::new();
    let stays = Cancelable::new().register(&registry).build();
    left(&registry, 2000); // what it has once
    assert_eq!(left(&registry, 10_000), 0);
    assert_eq!(registry.ids(&Filter::new()), [stays.id()]);
}

#[test]
fn by_a_history_no_more_than_its_bound() {
    let registry = Registry::with_history(10);
    let fill = |number: usize| {
        (0..number).for_each(|n| one(&registry, n * 5 + 1));
        live_here().bytes
    };
    let before = fill(1000);
    let after = fill(10_000);
    // (Names are longer now: by two digits each.)
    assert!((after - before).abs() <= 10 * 8, "{}", after - before);
}

#[test]
fn by_a_crowd_little_of_its_memory() {
    let registry = Registry::new();
    let crowd = |number: usize| {
        let ops: Vec<_> = (0..number)
            .map(|_| Cancelable::new().register(&registry).build())
            .collect();
        assert_eq!(registry.len(), number);
        drop(ops);
    };
    crowd(1);
    let before = live_here().bytes;
    crowd(50_000);
    let left = live_here().bytes - before;
    // 16 parts, each of at most 512 places of less than 200 bytes.
    assert!(left < 16 * 512 * 200, "{left}");
    assert!(registry.is_empty());
}

/// Readers of changes, too.
#[test]
fn by_readers_that_have_gone() {
    let registry = Registry::new();
    let read = || {
        let before = live_here().bytes;
        for _ in 0..100 {
            let mut changes = registry.changes();
            let waker = TestWaker::counting().waker();
            let mut cx = std::task::Context::from_waker(&waker);
            let next = smol::stream::StreamExt::poll_next(&mut changes, &mut cx);
            assert!(next.is_pending());
            (0..20).for_each(|n| one(&registry, n));
        }
        registry.clear_history();
        live_here().bytes - before
    };
    read();
    assert_eq!(read(), 0);
}
