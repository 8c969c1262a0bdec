//! Go: `golang.org/x/sync/errgroup`, and `context`.

use crate::{Cx, at, later, secs};
use cancel_std::testing::VirtualTime;
use cancel_std::{Reason, Status, TaskSet};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Go, errgroup, `Wait`: blocks until all calls have returned, then returns the first non-nil error from them.
#[test]
fn the_first_error_counts_and_all_have_returned() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        for n in [3, 1, 2] {
            group.spawn(move |cx: Cx| async move {
                cx.sleep(secs(n)).await;
                Err::<(), _>(format!("error {n}"))
            });
        }
    });
    // (`each_for_itself` keeps the errors in the context; without it the first one cancels the others.)
    assert_eq!(time.block_on(run), Ok(()));
    let context = op.context();
    let errors: Vec<_> = context
        .task_errors()
        .iter()
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, ["error 1", "error 2", "error 3"]);
    assert_eq!(time.now(), at(3));
}

/// Go, errgroup, `WithContext`: the derived context is cancelled the first time a function returns a non-nil error.
#[test]
fn the_first_error_cancels_the_others() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        group.spawn_as(group.child().grace(secs(10)), |cx: Cx| async move {
            cx.cancelled().await;
            cx.sleep(secs(1)).await;
        });
        group.spawn(|cx: Cx| async move {
            cx.sleep(secs(2)).await;
            Err::<(), _>("boom")
        });
        pending::<()>().await
    });
    assert_eq!(time.block_on(run).unwrap_err().message(), Some("boom"));
    assert_eq!((op.status(), time.now()), (Status::Failed, at(3)));
}

/// Go, errgroup, `WithContext`: the derived context is cancelled when `Wait` returns. Here the token of an operation that
/// completed is not: nothing was cancelled.
#[test]
fn the_token_of_a_group_that_completed_says_no() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    assert_eq!(time.block_on(op.run_group(async |_| ())), Ok(()));
    assert!(!op.token().is_cancelled());
}

/// Go, errgroup: a zero `Group` is valid, and has no tasks to wait for.
#[test]
fn a_group_without_tasks_ends_with_its_body() {
    let time = VirtualTime::new();
    assert_eq!(
        time.block_on(time.operation().run_group(async |_| 5)),
        Ok(5)
    );
    assert_eq!(time.now(), at(0));
}

/// Go, errgroup, `SetLimit`: at most n are active; `Go` blocks until one can be added. Here `spawn` never blocks: the
/// others wait for their turn.
#[test]
fn a_limit_bounds_how_many_are_active() {
    let time = VirtualTime::new();
    let (active, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let run = time.operation().task_limit(3).run_group(async |group| {
        for _ in 0..10 {
            let (active, most) = (active.clone(), most.clone());
            group.spawn(move |cx: Cx| async move {
                let now = active.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                cx.sleep(secs(1)).await;
                active.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!((most.load(Ordering::Relaxed), time.now()), (3, at(4)));
}

/// Go, errgroup, since 1.25 / 0.12: a panic in a function is passed on by `Wait`, when all others have returned.
#[test]
fn a_panic_of_a_task_comes_out_when_the_others_have_ended() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        let slow = group
            .child()
            .finally(|cx: Cx| async move { cx.sleep(secs(2)).await });
        group.spawn_as(slow, |_| pending::<()>());
        group.spawn(|cx: Cx| async move {
            cx.sleep(secs(1)).await;
            std::panic::panic_any("meant");
        });
    });
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| time.block_on(run)));
    assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"meant"));
    assert_eq!((time.now(), op.status()), (at(3), Status::Failed));
}

/// Go, context, `WithTimeout` in a parent with a shorter one: the earlier deadline counts.
#[test]
fn a_child_cannot_outlast_the_deadline_of_its_parent() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(1)).run(async |cx| {
        let child = cx.child().timeout(secs(100));
        child.run(async |cx| cx.remaining()).await
    });
    assert_eq!(time.block_on(run), Ok(Ok(Some(secs(1)))));
}

/// Go, context, `Cause`: of several cancels the first one's cause stays, and children have that of their parent.
#[test]
fn the_first_cause_stays_and_is_that_of_all_below() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let below = op.child().build();
    assert!(op.cancel_with("first"));
    assert!(!op.cancel_with("second"));
    for op in [op, below] {
        let cause = op.context().cause().unwrap().root_cause();
        assert_eq!(
            (cause.message(), cause.reason()),
            (Some("first"), Reason::Manual)
        );
    }
}

/// Go, context, `WithoutCancel`: values are kept, cancellation and deadline are not.
#[test]
fn a_detached_operation_outlives_the_one_that_it_reports_to() {
    let time = VirtualTime::new();
    let request = time.operation().timeout(secs(1)).build();
    let run = request.run(async |cx| {
        let log = cx.detached().name("write the log").build();
        assert_eq!(
            (log.context().parent_id(), log.deadline()),
            (Some(cx.id()), None)
        );
        log
    });
    let log = time.block_on(run).unwrap();
    request.cancel();
    assert_eq!(
        time.block_on(log.run(async |cx| cx.sleep(secs(5)).await)),
        Ok(())
    );
    assert_eq!(time.now(), at(5));
}

/// Go, context, `AfterFunc`: the function is called when the context is done, and `stop` says whether it prevented that.
#[test]
fn a_registration_that_is_taken_back_says_whether_that_was_in_time() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let called = Arc::new(AtomicUsize::new(0));
    let count = |called: &Arc<AtomicUsize>| {
        let called = called.clone();
        move |_: &cancel_std::Cancelled| {
            called.fetch_add(1, Ordering::Relaxed);
        }
    };
    let first = op.token().on_cancel(count(&called));
    let second = op.token().on_cancel(count(&called));
    assert!(first.unregister(), "in time");
    op.cancel();
    assert!(!second.unregister(), "too late");
    assert_eq!(called.load(Ordering::Relaxed), 1);
}

/// Go, pipelines: stages are stopped early by who has enough results.
#[test]
fn who_has_enough_results_cancels_the_rest() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut mirrors = TaskSet::new();
        for delay in [5, 2, 9] {
            mirrors.push(group.spawn(move |cx: Cx| async move {
                cx.sleep(secs(delay)).await;
                delay
            }));
        }
        let fastest = mirrors.join_next().await.unwrap().result.unwrap();
        group.operation().token().cancel_children_with("enough");
        fastest
    });
    assert_eq!(time.block_on(run), Ok(2));
    assert_eq!(time.now(), at(2));
}

/// Go, `http.Server.Shutdown` with a context: what has not ended by then is left, and the error says so.
#[test]
fn a_drain_with_a_limit_says_what_was_cut_off() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(2)).build();
    let handle = op.clone();
    later(&time, secs(1), move || {
        assert!(handle.cancel_with(Reason::Shutdown))
    });
    let run = op.run_group(async |group| {
        for work in [2, 60] {
            group.spawn(move |cx: Cx| async move { cx.sleep(secs(work)).await });
        }
        pending::<()>().await
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Shutdown);
    assert_eq!((op.context().cut_off(), time.now()), (1, at(3)));
}
