//! E12: dates beside moments, an id of somebody else's, the parent as a handle.

use cancel_std::generic;
use cancel_std::testing::VirtualTime;
use cancel_std::{Cancelable, Filter, Operation, Reason, Registry, Status, Std, Timer};
use smol::block_on;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);

fn in_1970(seconds: u32) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + seconds * SECOND)
}

#[test]
fn start_request_and_end_are_dates_too() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(time.clone())
        .timeout(2 * SECOND)
        .build();
    let before = op.context();
    assert_eq!(
        (
            before.started_at(),
            before.requested_at(),
            before.ended_at()
        ),
        (None, None, None)
    );
    time.block_on(async {
        time.sleep(SECOND).await.unwrap();
        let run = op.run_finally(
            async |cx| cx.sleep(Duration::MAX).await,
            async |cx| {
                let context = cx.operation().context();
                assert_eq!(context.requested_at(), in_1970(3));
                assert_eq!(context.ended_at(), None);
                cx.sleep(4 * SECOND).await;
            },
        );
        run.await.unwrap_err();
    });
    let context = op.context();
    assert_eq!(context.started_at(), in_1970(1));
    assert_eq!(context.requested_at(), in_1970(3));
    assert_eq!(context.ended_at(), in_1970(7));
    assert_eq!(context.requested().unwrap().since_epoch(), 3 * SECOND);
}

#[test]
fn a_request_is_seen_when_a_shield_or_a_grace_period_comes_in_between() {
    let time = VirtualTime::new();
    time.block_on(async {
        let shielded = generic::Cancelable::on(time.clone())
            .timeout(SECOND)
            .build();
        let run = shielded.run(async |cx| {
            cx.shield(async |cx| cx.sleep(3 * SECOND).await).await;
            cx.sleep(Duration::MAX).await;
        });
        run.await.unwrap_err();
        let context = shielded.context();
        assert_eq!(context.requested_at(), in_1970(1));
        assert_eq!(context.ended_at(), in_1970(3));

        let grace = generic::Cancelable::on(time.clone())
            .timeout(SECOND)
            .grace(2 * SECOND)
            .build();
        grace
            .run(async |cx| cx.sleep(Duration::MAX).await)
            .await
            .unwrap_err();
        let context = grace.context();
        assert_eq!(context.requested_at(), in_1970(4));
        assert_eq!(context.ended_at(), in_1970(6));
    });
}

#[test]
fn one_that_ends_at_once_was_asked_when_it_ended() {
    let op = Cancelable::new().build();
    op.cancel();
    assert_eq!(op.context().requested(), None); // no run has seen it
    block_on(op.run(async |_| ())).unwrap_err();
    let context = op.context();
    assert!(context.ended().is_some());
    assert_eq!(context.requested(), context.ended());
    // Nobody asked this one.
    let op = Cancelable::new().build();
    block_on(op.run(async |_| ())).unwrap();
    assert_eq!(op.context().requested_at(), None);
}

#[test]
fn one_cancelled_before_its_start_was_asked_before_its_cleanup() {
    let time = VirtualTime::new();
    let op = generic::Cancelable::on(time.clone()).build();
    op.cancel();
    let run = op.run_finally(async |_| (), async |cx| cx.sleep(SECOND).await);
    time.block_on(run).unwrap_err();
    assert_eq!(op.context().requested_at(), in_1970(0));
    assert_eq!(op.context().ended_at(), in_1970(1));
}

#[test]
fn an_observer_of_the_request_sees_its_moment() {
    struct Asked(Mutex<Option<SystemTime>>);
    impl cancel_std::Observer for Asked {
        fn cancel_requested(&self, context: &cancel_std::Context) {
            *self.0.lock().unwrap() = context.requested_at();
        }
    }
    let time = VirtualTime::new();
    let seen = Arc::new(Asked(Mutex::new(None)));
    let op = generic::Cancelable::on(time.clone())
        .timeout(5 * SECOND)
        .observe(seen.clone());
    time.block_on(op.run(async |cx| cx.sleep(Duration::MAX).await))
        .unwrap_err();
    assert_eq!(*seen.0.lock().unwrap(), in_1970(5));
}

#[test]
fn the_dates_of_the_process_are_those_of_its_wall_clock() {
    // The day is right, whoever sets the clock by a few minutes meanwhile.
    let op = Cancelable::new().build();
    block_on(op.run(async |_| ())).unwrap();
    let day = Duration::from_secs(24 * 3600);
    let now = SystemTime::now();
    let at = op.context().ended_at().unwrap();
    assert!(now - day < at && at < now + day);
    assert_eq!(Std.unix_time_of_epoch(), Timer::unix_time_of_epoch(&&Std));
}

#[test]
fn a_runtime_without_a_wall_clock_has_no_dates() {
    /// As those are that somebody else has written.
    #[derive(Clone)]
    struct Plain;
    impl Timer for Plain {
        type Sleep = cancel_std::Sleep;
        fn now(&self) -> cancel_std::Instant {
            Std.now()
        }
        fn sleep_until(&self, deadline: cancel_std::Instant) -> cancel_std::Sleep {
            Std.sleep_until(deadline)
        }
    }
    let op = generic::Cancelable::on(Plain).build();
    block_on(op.run(async |_| ())).unwrap();
    assert!(op.context().started().is_some());
    assert_eq!(op.context().started_at(), None);
}

#[test]
fn an_external_id_finds_operations_and_cancels_them() {
    let registry = Registry::new();
    let order = |id: &'static str| {
        Cancelable::new()
            .external_id(id)
            .register(&registry)
            .build()
    };
    let (first, second, other) = (order("order 17"), order("order 17"), order("order 18"));
    let filter = Filter::new().external_id("order 17");
    assert_eq!(registry.ids(&filter), [first.id(), second.id()]);
    assert_eq!(registry.cancel_where(&filter, Reason::Shutdown), 2);
    assert!(other.context().cause().is_none());
    for op in [&first, &second] {
        block_on(op.run(async |_| ())).unwrap_err();
        assert_eq!(op.status(), Status::Cancelled);
    }
    let history = registry.history(&filter);
    assert!(
        history
            .iter()
            .all(|context| context.external_id() == Some("order 17"))
    );
    assert_eq!(history.len(), 2);
}

#[test]
fn of_two_that_are_combined_the_first_ones_external_id_counts() {
    let id = |op: Cancelable| op.build().context().external_id().map(String::from);
    let (one, two) = (
        || Cancelable::new().external_id("one"),
        || Cancelable::new().external_id("two"),
    );
    assert_eq!(id(one().combine(two())).as_deref(), Some("one"));
    assert_eq!(id(Cancelable::new().combine(two())).as_deref(), Some("two"));
    // It is of this operation alone: a child is not the same order.
    assert_eq!(one().build().child().build().context().external_id(), None);
}

#[test]
fn the_parent_is_a_handle() {
    let all = Cancelable::new().name("all").build();
    let part = all.child().build();
    assert_eq!(part.parent().unwrap().id(), all.id());
    // Of a nested one: that in whose body it runs, also through a shield and in a cleanup.
    let run = all.run_finally(
        async |cx| {
            let inner = Cancelable::new().build();
            assert!(inner.parent().is_none());
            inner
                .run(async |cx| assert_eq!(above(cx.operation()), ["all"]))
                .await
                .unwrap();
            cx.shield(async |cx| {
                let inner = Cancelable::new();
                inner
                    .run(async |cx| assert_eq!(above(cx.operation()), ["all"]))
                    .await
                    .unwrap();
                assert_eq!(above(cx.child().build()), ["all"]);
                assert!(cx.operation().parent().is_none());
            })
            .await;
        },
        async |cx| assert_eq!(above(cx.child().build()), ["all"]),
    );
    block_on(run).unwrap();
    // Ended before the child was made: it is not kept.
    let late = all.child().build();
    assert!(late.parent().is_none());
    assert_eq!(late.context().parent_id(), Some(all.id()));
}

/// The names of the operations above this one.
fn above(op: impl std::borrow::Borrow<Operation>) -> Vec<String> {
    let parents = std::iter::successors(op.borrow().parent(), Operation::parent);
    parents.map(|op| op.name().unwrap_or("?").into()).collect()
}
