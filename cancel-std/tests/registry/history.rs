//! History and statistics.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Context, Filter, Reason, Registry, Status};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn run(registry: &Registry, name: &'static str) {
    let op = Cancelable::new().name(name).register(registry);
    smol::block_on(op.run(async |_| ())).unwrap();
}

fn names(registry: &Registry) -> Vec<String> {
    let names = registry.history(&Filter::new()).into_iter();
    names
        .map(|context| context.name().unwrap_or_default().to_string())
        .collect()
}

#[test]
fn it_is_bounded_and_keeps_the_newest() {
    let registry = Registry::with_history(2);
    assert_eq!(registry.history_limit(), 2);
    ["a", "b", "c"].iter().for_each(|name| run(&registry, name));
    assert_eq!(names(&registry), ["b", "c"]);
    registry.set_history_limit(3);
    ["d", "e"].iter().for_each(|name| run(&registry, name));
    assert_eq!(names(&registry), ["c", "d", "e"]);
    registry.set_history_limit(1);
    assert_eq!(names(&registry), ["e"]);
    registry.set_history_limit(0);
    run(&registry, "f");
    assert!(names(&registry).is_empty());
    assert_eq!(registry.statistics().completed(), 6);

    let registry = Registry::new();
    (0..150).for_each(|_| run(&registry, "many"));
    assert_eq!(names(&registry).len(), 100);
    assert_eq!(registry.clear_history(), 100);
    assert_eq!(registry.clear_history(), 0);
}

#[test]
fn it_is_filtered_as_lists_are() {
    let registry = Registry::new();
    run(&registry, "fine");
    let parent = Cancelable::new().build();
    let late = parent.child().timeout(Duration::ZERO).register(&registry);
    smol::block_on(late.run(async |_| ())).unwrap_err();

    let count = |filter: Filter| registry.history(&filter).len();
    assert_eq!(count(Filter::new().status(Status::Completed)), 1);
    assert_eq!(count(Filter::new().status(Status::Running)), 0);
    assert_eq!(count(Filter::new().reason(Reason::Timeout)), 1);
    assert_eq!(count(Filter::new().parent(parent.id())), 1);
    assert_eq!(count(Filter::new().name("fine")), 1);
    let panics = Filter::new().matching(|context| {
        assert_eq!(context.callback_panics(), 0);
        context.reason().is_some()
    });
    assert_eq!(count(panics), 1);
}

#[test]
fn what_is_old_is_cleared() {
    let registry = Registry::new();
    run(&registry, "old");
    thread::sleep(Duration::from_millis(20));
    run(&registry, "new");
    assert_eq!(registry.clear_history_older_than(Duration::MAX), 0);
    assert_eq!(
        registry.clear_history_older_than(Duration::from_secs(60)),
        0
    );
    let cleared = registry.clear_history_older_than(Duration::from_millis(15));
    assert!(cleared >= 1); // (both, on a machine that rests for long)
    assert!(!names(&registry).contains(&"old".to_string()));
    registry.clear_history_older_than(Duration::ZERO);
    assert!(names(&registry).is_empty());
}

#[test]
fn partial_results_are_kept_and_given_back_outside_of_locks() {
    struct Reenters(Registry);
    impl Drop for Reenters {
        fn drop(&mut self) {
            assert!(self.0.history_limit() < 100); // would hang under the lock
        }
    }

    let registry = Registry::with_history(1);
    for _ in 0..2 {
        let op = Cancelable::new().register(&registry);
        let partial = Reenters(registry.clone());
        smol::block_on(op.run(async |cx| cx.set_partial_result(partial))).unwrap();
    }
    let history = registry.history(&Filter::new());
    assert!(history[0].partial_result::<Reenters>().is_some());
    drop(history);
    registry.set_history_limit(0);
    registry.clear_history();
}

#[test]
fn a_panicking_drop_does_no_harm_to_the_operation_that_pushes_it_out() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("of a drop");
        }
    }

    let registry = Registry::with_history(1);
    let op = Cancelable::new().register(&registry).build();
    smol::block_on(op.run(async |cx| cx.set_partial_result(Bad))).unwrap();
    drop(op); // the history has the last one
    run(&registry, "next");
    assert_eq!(names(&registry), ["next"]);
}

#[test]
fn statistics_add_up() {
    let time = VirtualTime::new();
    let registry = Registry::new();
    let second = Duration::from_secs(1);
    let op = || time.operation().register(&registry);
    assert_eq!(registry.statistics().average_duration(), None);

    time.block_on(op().run(async |cx| cx.sleep(second).await))
        .unwrap();
    let limited = time.operation().timeout(3 * second).register(&registry);
    time.block_on(limited.run(async |cx| cx.sleep(60 * second).await))
        .unwrap_err();
    let failing = op().try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no".into()));
    time.block_on(failing).unwrap_err();
    for reason in [Reason::Custom(1), Reason::Custom(2), Reason::Custom(2)] {
        let op = op().build();
        op.cancel_with(reason);
        time.block_on(op.run(async |_| ())).unwrap_err();
    }
    drop(op().build());
    let idle = op().build();
    let _counted = op().run(async |_| ());

    let seen = registry.statistics();
    assert_eq!(
        (seen.registered(), seen.pending(), seen.running()),
        (9, 2, 0)
    );
    assert_eq!(
        (seen.completed(), seen.cancelled(), seen.failed()),
        (1, 4, 1)
    );
    assert_eq!((seen.ended(), seen.unended()), (6, 1));
    let reasons: Vec<_> = seen.reasons().collect();
    assert_eq!(
        reasons,
        [
            (Reason::Timeout, 1),
            (Reason::Custom(1), 1),
            (Reason::Custom(2), 2)
        ]
    );
    assert_eq!(seen.total_duration(), 4 * second);
    assert_eq!(seen.average_duration(), Some(4 * second / 6));
    assert_eq!(seen.cancelled_by(Reason::Manual), 0);
    drop(idle);
}

/// DEFECTS 28: asked from many threads at once.
#[test]
fn statistics_from_many_threads_come_back() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let gate = Arc::new(std::sync::Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (registry, gate) = (registry.clone(), gate.clone());
            thread::spawn(move || {
                gate.wait();
                (0..200).all(|_| registry.statistics().pending() == 1)
            })
        })
        .collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    drop(op);
}

#[test]
fn a_snapshot_is_all_of_it() {
    let registry = Registry::new();
    run(&registry, "before");
    let op = Cancelable::new().name("now").register(&registry).build();
    let snapshot = registry.snapshot();
    drop(op);
    let name = |contexts: &[Context]| contexts[0].name().map(String::from);
    assert_eq!(name(snapshot.operations()).as_deref(), Some("now"));
    assert_eq!(name(snapshot.history()).as_deref(), Some("before"));
    assert_eq!(snapshot.statistics().registered(), 2);
}

#[test]
fn a_snapshot_is_json() {
    let time = VirtualTime::new();
    let registry = Registry::new();
    let op = time.operation().name("gone").register(&registry).build();
    op.cancel_with((Reason::Signal(15), "SIGTERM"));
    time.block_on(op.run(async |_| ())).unwrap_err();
    let op = time
        .operation()
        .name("\"quoted\"")
        .register(&registry)
        .build();

    let json = serde_json::to_value(registry.snapshot()).unwrap();
    assert_eq!(json["operations"][0]["name"], "\"quoted\"");
    assert_eq!(json["operations"][0]["status"], "pending");
    assert_eq!(json["history"][0]["cause"]["message"], "SIGTERM");
    let statistics = serde_json::json!({
        "registered": 2, "pending": 1, "running": 0,
        "completed": 0, "cancelled": 1, "failed": 0, "unended": 0, "ended": 1,
        "reasons": [{"reason": {"signal": 15}, "count": 1}],
        "total_duration": {"secs": 0, "nanos": 0},
        "average_duration": {"secs": 0, "nanos": 0},
    });
    assert_eq!(json["statistics"], statistics);
    drop(op);
}
