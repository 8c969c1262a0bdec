//! Whichever way an operation goes, nothing of it stays in the registry.

use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Filter, Instant, Operation, Reason, Registry, Status, Std, generic};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Nothing is there any more, and the last one ended like that.
#[track_caller]
fn assert_gone(registry: &Registry, op: &Operation, status: Status) {
    assert!(registry.is_empty());
    assert!(registry.list(&Filter::new()).is_empty());
    let history = registry.history(&Filter::new());
    let last = history.last().expect("it ended");
    assert_eq!((last.id(), last.status()), (op.id(), status));
    assert_eq!(registry.get(op.id()).unwrap().status(), status);
    assert_eq!(registry.statistics().unended(), 0);
    assert!(!registry.cancel(op.id(), "too late"));
}

#[test]
fn by_completion() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    smol::block_on(op.run(async |_| assert_eq!(registry.len(), 1))).unwrap();
    assert_gone(&registry, &op, Status::Completed);
}

#[test]
fn by_an_error() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let run = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no file".into()));
    smol::block_on(run).unwrap_err();
    assert_gone(&registry, &op, Status::Failed);
}

#[test]
fn by_a_cancel_from_outside() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let handle = registry.clone();
    let id = op.id();
    let run = op.run(async |_| pending::<()>().await);
    let thread = std::thread::spawn(move || handle.cancel(id, "user pressed stop"));
    let cancelled = smol::block_on(run).unwrap_err();
    assert!(thread.join().unwrap());
    assert_eq!(cancelled.message(), Some("user pressed stop"));
    assert_gone(&registry, &op, Status::Cancelled);
}

#[test]
fn cancelled_beforehand() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    assert!(registry.cancel(op.id(), Reason::Shutdown));
    // It has not ended: somebody may still wait for its run.
    assert_eq!(registry.get(op.id()).unwrap().status(), Status::Pending);
    smol::block_on(op.run(async |_| ())).unwrap_err();
    assert_gone(&registry, &op, Status::Cancelled);
}

#[test]
fn by_a_deadline() {
    let time = VirtualTime::new();
    let registry = Registry::new();
    let op = time
        .operation()
        .timeout(Duration::from_secs(3600))
        .register(&registry);
    time.block_on(op.run(async |cx| cx.sleep(Duration::MAX).await))
        .unwrap_err();
    assert!(registry.is_empty());
    assert_eq!(registry.statistics().cancelled_by(Reason::Timeout), 1);
    let took = registry.statistics().total_duration();
    assert_eq!(took, Duration::from_secs(3600));
}

#[test]
fn by_a_panic() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let run = op.run(async |_| panic!("of the body"));
    catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).unwrap_err();
    assert_gone(&registry, &op, Status::Failed);
}

#[test]
fn by_a_drop_of_the_run() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let mut run = Box::pin(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(registry.count(&Filter::new().status(Status::Running)), 1);
    drop(run);
    assert_gone(&registry, &op, Status::Cancelled);
    assert_eq!(registry.statistics().cancelled_by(Reason::Dropped), 1);
}

#[test]
fn by_a_refused_second_run_nothing_changes() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    smol::block_on(op.run(async |_| ())).unwrap();
    smol::block_on(op.run(async |_| ())).unwrap_err();
    assert_gone(&registry, &op, Status::Completed);
    assert_eq!(registry.statistics().ended(), 1);
}

#[test]
fn on_a_thread() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    assert_eq!(op.run_blocking(|_| registry.len()), Ok(1));
    assert_gone(&registry, &op, Status::Completed);
}

#[test]
fn without_ever_running() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    let other = op.clone();
    let run = op.run(async |_| ()); // never polled
    drop(op);
    drop(other);
    assert_eq!(registry.len(), 1);
    drop(run);
    assert!(registry.is_empty());
    assert!(registry.history(&Filter::new()).is_empty());
    assert_eq!(registry.statistics().unended(), 1);
}

#[test]
fn a_combination_is_in_the_registries_of_its_parts() {
    let (one, two) = (Registry::new(), Registry::new());
    let part = Cancelable::new().name("part").register(&one);
    let whole = part.combine(Cancelable::new().register(&two).register(&one));
    assert!(one.is_empty() && two.is_empty()); // not built yet
    let whole = whole.build();
    assert_eq!(one.ids(&Filter::new()), [whole.id()]);
    assert_eq!(two.ids(&Filter::new()), [whole.id()]);
    smol::block_on(whole.run(async |_| assert_eq!((one.len(), two.len()), (1, 1)))).unwrap();
    assert_gone(&one, &whole, Status::Completed);
    assert_gone(&two, &whole, Status::Completed);
}

#[test]
fn what_has_ended_does_not_come_in() {
    let registry = Registry::new();
    let op = Cancelable::new().build();
    smol::block_on(op.run(async |_| ())).unwrap();
    op.register(&registry);
    assert!(registry.is_empty());
    assert_eq!(registry.statistics().registered(), 0);
    drop(op);
}

#[test]
fn what_runs_can_come_in() {
    let registry = Registry::new();
    let op = Cancelable::new().build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    op.register(&registry);
    op.clone().register(&registry); // twice is once
    assert_eq!(registry.list(&Filter::new())[0].status(), Status::Running);
    assert_eq!(registry.statistics().running(), 1);
    op.cancel();
    assert!(poll(run.as_mut()).is_ready());
    assert_gone(&registry, &op, Status::Cancelled);
    assert_eq!(registry.statistics().registered(), 1);
}

#[test]
fn several_registries_at_once() {
    let registries = [Registry::new(), Registry::new(), Registry::new()];
    let op = registries
        .iter()
        .fold(Cancelable::new(), Cancelable::register);
    let op = op.build();
    let run = op.run(async |_| {
        assert!(registries.iter().all(|registry| registry.len() == 1));
    });
    smol::block_on(run).unwrap();
    for registry in &registries {
        assert_gone(registry, &op, Status::Completed);
    }
}

#[test]
fn taken_out_it_goes_on() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    assert!(registry.remove(op.id()));
    assert!(!registry.remove(op.id()));
    assert!(registry.is_empty());
    assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
    assert!(registry.history(&Filter::new()).is_empty());
    assert_eq!(registry.statistics().unended(), 1);
    assert_eq!(registry.statistics().completed(), 0);
}

#[test]
fn taken_out_and_back_it_ends_as_all_do() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry).build();
    assert!(registry.remove(op.id()));
    op.register(&registry);
    smol::block_on(op.run(async |_| ())).unwrap();
    assert!(registry.is_empty());
    assert_eq!(registry.statistics().completed(), 1);
}

/// A runtime whose end can be seen: it is gone with its operation.
#[derive(Clone)]
struct Seen(Arc<()>);

impl cancel_std::Timer for Seen {
    type Sleep = cancel_std::Sleep;

    fn now(&self) -> Instant {
        Std.now()
    }

    fn sleep_until(&self, deadline: Instant) -> cancel_std::Sleep {
        Std.sleep_until(deadline)
    }
}

#[test]
fn the_registry_keeps_no_operation_alive() {
    let registry = Registry::new();
    let alive = Arc::new(());
    let watch: Weak<()> = Arc::downgrade(&alive);
    let op = generic::Cancelable::on(Seen(alive))
        .register(&registry)
        .build();
    assert_eq!(registry.list(&Filter::new()).len(), 1);
    drop(op);
    assert!(watch.upgrade().is_none());

    // Nor does its history, its lists, its tokens.
    let op = generic::Cancelable::on(Seen(Arc::new(())))
        .register(&registry)
        .build();
    let watch = Arc::downgrade(&op.runtime().0);
    let token = registry.token(op.id()).unwrap();
    smol::block_on(op.run(async |_| ())).unwrap();
    let context = registry.get(op.id());
    drop(op);
    assert!(watch.upgrade().is_none());
    assert!(context.is_some() && !token.is_cancelled());
}

#[test]
fn an_operation_may_outlive_its_registry() {
    let op = Cancelable::new().register(&Registry::new());
    assert_eq!(smol::block_on(op.run(async |_| 5)), Ok(5));
}
