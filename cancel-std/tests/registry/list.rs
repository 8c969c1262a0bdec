//! What is in it, and how it is found.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Context, Filter, OperationId, Reason, Registry, Status};
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

fn poll_once(future: std::pin::Pin<&mut impl Future>) {
    let _ = future.poll(&mut std::task::Context::from_waker(Waker::noop()));
}

#[test]
fn by_status_parent_and_name() {
    let registry = Registry::new();
    let parent = Cancelable::new().name("parent").register(&registry).build();
    let first = parent.child().name("fetch 1").register(&registry).build();
    let second = parent.child().name("fetch 2").register(&registry).build();
    let grandchild = second
        .child()
        .name(String::from("store"))
        .register(&registry)
        .build();
    let mut run = pin!(first.run(async |_| pending::<()>().await));
    poll_once(run.as_mut());

    let ids = |filter: Filter| -> Vec<OperationId> {
        let ids = registry.ids(&filter);
        let listed: Vec<_> = registry.list(&filter).iter().map(Context::id).collect();
        assert_eq!(ids, listed);
        assert_eq!(registry.count(&filter), ids.len());
        // The same, asked of contexts.
        let seen = filter.matching(|_| true);
        assert_eq!(registry.ids(&seen), ids);
        assert_eq!(registry.count(&seen), ids.len());
        ids
    };
    let all = [parent.id(), first.id(), second.id(), grandchild.id()];
    assert_eq!(ids(Filter::new()), all);
    assert_eq!(ids(Filter::new().status(Status::Running)), [first.id()]);
    let pending = Filter::new().status(Status::Pending);
    assert_eq!(
        ids(pending.clone()),
        [parent.id(), second.id(), grandchild.id()]
    );
    assert_eq!(ids(pending.clone().status(Status::Running)), all);
    assert!(ids(Filter::new().status(Status::Completed)).is_empty());

    let children = Filter::new().parent(parent.id());
    assert_eq!(ids(children.clone()), [first.id(), second.id()]);
    assert_eq!(ids(children.clone().name("fetch 2")), [second.id()]);
    assert!(ids(children.name("store")).is_empty());
    assert_eq!(ids(Filter::new().name("store")), [grandchild.id()]);
    assert!(ids(Filter::new().name("fetch")).is_empty());
    let fetching = Filter::new().name_contains("fetch");
    assert_eq!(ids(fetching.clone()), [first.id(), second.id()]);
    assert_eq!(ids(fetching.clone().status(Status::Pending)), [second.id()]);

    second.cancel_with(Reason::Shutdown);
    assert_eq!(ids(Filter::new().reason(Reason::Shutdown)), [second.id()]);
    assert_eq!(ids(Filter::new().reason(Reason::Parent)), [grandchild.id()]);
    let long = |context: &Context| context.name().is_some_and(|name| name.len() > 6);
    assert_eq!(ids(pending.matching(long)), [second.id()]);
}

#[test]
fn contexts_are_those_of_now() {
    let registry = Registry::new();
    let op = Cancelable::new()
        .metadata("user", "ada")
        .register(&registry);
    let run = op.run(async |cx| {
        cx.progress(3, 4);
        let context = registry.get(cx.id()).unwrap();
        assert_eq!(context.progress().unwrap().current(), Some(3));
        assert_eq!(context.metadata().get("user"), Some("ada"));
        assert_eq!(context.status(), Status::Running);
    });
    smol::block_on(run).unwrap();
}

#[test]
fn all_runtimes_share_one() {
    let registry = Registry::new();
    let time = VirtualTime::new();
    let first = Cancelable::new().register(&registry).build();
    let second = time.operation().register(&registry).build();
    assert_eq!(registry.ids(&Filter::new()), [first.id(), second.id()]);
    assert_eq!(registry.cancel_all("both"), 2);
    assert!(first.is_cancelled() && second.is_cancelled());
}

#[test]
fn predicates_see_only_what_passed_the_rest() {
    let registry = Registry::new();
    let ops = ["a", "b", "c"].map(|name| Cancelable::new().name(name).register(&registry).build());
    let asked = Arc::new(AtomicUsize::new(0));
    let filter = Filter::new().name("b").matching({
        let asked = asked.clone();
        move |_| asked.fetch_add(1, Ordering::Relaxed) == 0
    });
    assert_eq!(registry.ids(&filter), [ops[1].id()]);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn predicates_may_do_anything() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let filter = Filter::new().matching({
        let registry = registry.clone();
        move |context| {
            let other = Cancelable::new().register(&registry).build();
            assert_eq!(registry.len(), 2);
            assert!(registry.cancel(context.id(), "by a predicate"));
            registry.remove(other.id()) && registry.statistics().pending() == 1
        }
    });
    assert_eq!(registry.list(&filter).len(), 1);
    assert!(op.is_cancelled());
}

#[test]
fn a_panicking_predicate_leaves_the_registry_whole() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let bad = Filter::new().matching(|_| panic!("of a predicate"));
    let list = std::panic::AssertUnwindSafe(|| registry.cancel_where(&bad, "never"));
    std::panic::catch_unwind(list).unwrap_err();
    assert!(!op.is_cancelled());
    assert_eq!(registry.ids(&Filter::new()), [op.id()]);
}

#[test]
fn the_global_one_is_one() {
    let op = Cancelable::new().register(Registry::global()).build();
    let id = op.id();
    let seen = std::thread::spawn(move || Registry::global().get(id).is_some());
    assert!(seen.join().unwrap());
    drop(op);
    assert!(Registry::global().get(id).is_none());
}
