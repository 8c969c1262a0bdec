//! Whichever way an operation goes, nothing of it stays in the registry.

use cancel_std::testing::VirtualTime;
use cancel_std::{
    CancelToken, Cancelable, Filter, Instant, Operation, Reason, Registry, Status, Std,
};
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
fn assert_gone(registry: &Registry, op: &Cancelable, status: Status) {
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
    let op = Cancelable::new().register(&registry);
    smol::block_on(op.run(async |_| assert_eq!(registry.len(), 1))).unwrap();
    assert_gone(&registry, &op, Status::Completed);
}

#[test]
fn by_an_error() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
    let run = op.try_run(async |_| Err::<(), Box<dyn std::error::Error>>("no file".into()));
    smol::block_on(run).unwrap_err();
    assert_gone(&registry, &op, Status::Failed);
}

#[test]
fn by_a_cancel_from_outside() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
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
    let op = Cancelable::new().register(&registry);
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
    let op = time.operation().timeout(Duration::from_secs(3600));
    let op = op.register(&registry);
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
    let op = Cancelable::new().register(&registry);
    let run = op.run(async |_| panic!("of the body"));
    catch_unwind(AssertUnwindSafe(|| smol::block_on(run))).unwrap_err();
    assert_gone(&registry, &op, Status::Failed);
}

#[test]
fn by_a_drop_of_the_run() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
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
    let op = Cancelable::new().register(&registry);
    smol::block_on(op.run(async |_| ())).unwrap();
    smol::block_on(op.run(async |_| ())).unwrap_err();
    assert_gone(&registry, &op, Status::Completed);
    assert_eq!(registry.statistics().ended(), 1);
}

#[test]
fn on_a_thread() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
    assert_eq!(op.run_blocking(|_| registry.len()), Ok(1));
    assert_gone(&registry, &op, Status::Completed);
}

#[test]
fn without_ever_running() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
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
fn parts_leave_with_their_combination() {
    let registry = Registry::new();
    let part = Cancelable::new().name("part").register(&registry);
    let (id, token) = (part.id(), CancelToken::new());
    let whole = part
        .combine(Cancelable::with_token(&token))
        .register(&registry);
    assert_eq!(registry.ids(&Filter::new()), [id, whole.id()]);
    smol::block_on(whole.run(async |_| assert_eq!(registry.len(), 2))).unwrap();
    assert_gone_part(&registry, &whole);

    let part = Cancelable::new().register(&registry);
    drop(part.combine(Cancelable::new()));
    assert!(registry.is_empty());
}

#[track_caller]
fn assert_gone_part(registry: &Registry, whole: &Cancelable) {
    assert!(registry.is_empty());
    let ended: Vec<_> = registry
        .history(&Filter::new())
        .iter()
        .map(cancel_std::Context::id)
        .collect();
    assert_eq!(ended, [whole.id()]);
    assert_eq!(registry.statistics().unended(), 1);
}

#[test]
fn a_part_of_a_combination_is_not_registered_any_more() {
    let registry = Registry::new();
    let part = Cancelable::new();
    let handle = part.clone();
    let _whole = part.combine(Cancelable::new());
    drop(handle.register(&registry));
    assert!(registry.is_empty());
}

#[test]
fn what_has_ended_does_not_come_in() {
    let registry = Registry::new();
    let op = Cancelable::new();
    smol::block_on(op.run(async |_| ())).unwrap();
    let op = op.register(&registry);
    assert!(registry.is_empty());
    assert_eq!(registry.statistics().registered(), 0);
    drop(op);
}

#[test]
fn what_runs_can_come_in() {
    let registry = Registry::new();
    let op = Cancelable::new();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    assert!(poll(run.as_mut()).is_pending());
    drop(op.clone().register(&registry));
    drop(op.clone().register(&registry)); // twice is once
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
    let mut op = Cancelable::new();
    for registry in &registries {
        op = op.register(registry);
    }
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
    let op = Cancelable::new().register(&registry);
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
    let op = Cancelable::new().register(&registry);
    assert!(registry.remove(op.id()));
    let op = op.register(&registry);
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
    let op = Operation::on(Seen(alive)).register(&registry);
    assert_eq!(registry.list(&Filter::new()).len(), 1);
    drop(op);
    assert!(watch.upgrade().is_none());

    // Nor does its history, its lists, its tokens.
    let op = Operation::on(Seen(Arc::new(()))).register(&registry);
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

#[test]
#[should_panic = "an operation has to be set up before it is cloned, registered or run"]
fn setting_up_comes_before() {
    let registry = Registry::new();
    let _ = Cancelable::new().register(&registry).name("too late");
}

/// One that runs and is a part of something besides stays until it has ended itself.
#[test]
fn a_running_part_stays_until_its_own_end() {
    let registry = Registry::new();
    let op = Cancelable::new().register(&registry);
    let run = op.run(async |cx| {
        let inner = cx.clone().combine(Cancelable::new());
        inner.run(async |_| ()).await.unwrap();
        assert_eq!(registry.len(), 1);
    });
    smol::block_on(run).unwrap();
    assert_eq!(
        (registry.len(), registry.history(&Filter::new()).len()),
        (0, 1)
    );
}
