//! Swift concurrency: task groups, child tasks, cancellation handlers.

use crate::{Cx, at, later, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{Status, TaskSet};
use std::future::pending;
use std::sync::{Arc, Mutex};

/// Swift, SE-0304: results of a task group come in the order in which the child tasks complete.
#[test]
fn results_come_in_the_order_of_completion() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut tasks = TaskSet::new();
        for delay in [3, 1, 2] {
            tasks.push(group.spawn(move |cx: Cx| async move {
                cx.sleep(secs(delay)).await;
                delay
            }));
        }
        let mut order = Vec::new();
        while let Some(end) = tasks.join_next().await {
            order.push(end.result.unwrap());
        }
        order
    });
    assert_eq!(time.block_on(run), Ok(vec![1, 2, 3]));
}

/// Swift, SE-0304: when the body of a throwing group throws, the remaining child tasks are cancelled and awaited.
#[test]
fn an_error_of_the_body_cancels_the_rest_and_waits_for_it() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let op = time.operation().build();
    let run = op.try_run_group(async |group| -> Result<(), Box<dyn std::error::Error>> {
        let notes = notes.clone();
        let child = group.child().finally(move |cx: Cx| async move {
            cx.sleep(secs(2)).await;
            notes.note("child ended");
        });
        group.spawn_as(child, |_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        Err("thrown".into())
    });
    assert_eq!(time.block_on(run).unwrap_err().to_string(), "thrown");
    assert_eq!(notes.take(), ["3s child ended"]);
    assert_eq!(op.status(), Status::Failed);
}

/// Swift, SE-0304: a group whose body returns without having awaited its children awaits them, and does not cancel them.
#[test]
fn a_body_that_returns_early_awaits_the_rest() {
    let time = VirtualTime::new();
    let done = Arc::new(Mutex::new(None));
    let in_task = done.clone();
    let run = time.operation().run_group(async |group| {
        group.spawn(|cx: Cx| async move {
            cx.sleep(secs(4)).await;
            *in_task.lock().unwrap() = Some(cx.is_cancelled());
        });
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!((*done.lock().unwrap(), time.now()), (Some(false), at(4)));
}

/// Swift, `TaskGroup.cancelAll`: the children are cancelled, and those that are added later are cancelled from the start.
/// Here `cancel_children` cancels those that are there, also if they have not begun yet, and the group goes on.
#[test]
fn cancel_all_cancels_the_children_that_are_there() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let first = group.spawn(|_| pending::<()>());
        group.operation().token().cancel_children_with("all of you");
        let first = first.await.unwrap_err();
        (
            first.message().map(String::from),
            group.spawn(|_| async { 5 }).await,
        )
    });
    assert_eq!(time.block_on(run), Ok((Some("all of you".into()), Ok(5))));
}

/// Swift, `withTaskCancellationHandler`: the handler runs at once, in the context of who cancels, while the operation is
/// still suspended; and at once if the task is cancelled already.
#[test]
fn a_cancellation_handler_runs_in_the_call_that_cancels() {
    let time = VirtualTime::new();
    let notes = Recorder::new();
    let op = time.operation().build();
    let handler = notes.watch("handler", op.token());
    notes.note("before");
    op.cancel_with("now");
    notes.note("after");
    drop(handler);
    assert_eq!(
        notes.take(),
        ["before", "handler cancelled: manual: now", "after"]
    );
    drop(notes.watch("late", op.token()));
    assert_eq!(notes.take(), ["late cancelled: manual: now"]);
}

/// Swift, `withTaskCancellationHandler`: a handler whose scope is over is not called.
#[test]
fn a_handler_whose_scope_is_over_is_not_called() {
    let time = VirtualTime::new();
    let notes = Recorder::new();
    let op = time.operation().build();
    drop(notes.watch("handler", op.token()));
    op.cancel();
    assert!(notes.take().is_empty());
}

/// Swift, task-local values: a child task sees those of the task that makes it. Here: the current operation.
#[test]
fn a_task_sees_its_own_operation_as_the_current_one_below_the_groups() {
    let time = VirtualTime::new();
    let op = time.operation().name("group").build();
    let run = op.run_group(async |group| {
        let child = group.child().name("task");
        let task = group.spawn_as(child, |_| async {
            let inside = Cx::current().unwrap();
            (
                inside.name().map(String::from),
                inside.operation().context().parent_id(),
            )
        });
        task.await
    });
    let seen = time.block_on(run).unwrap().unwrap();
    assert_eq!(seen, (Some("task".into()), Some(op.id())));
}

/// Swift, SE-0381, discarding task groups: results are not kept, so a group that runs for ever does not grow, and the
/// first error still ends it.
#[test]
fn a_group_that_nobody_asks_for_results_keeps_none_and_ends_with_the_first_error() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        for n in 0_u32.. {
            group.spawn(move |cx: Cx| async move {
                cx.sleep(secs(1)).await;
                match n {
                    99 => Err("the hundredth"),
                    n => Ok(n),
                }
            });
            group.cx().sleep(secs(2)).await;
            assert_eq!(group.running(), 0);
        }
    });
    let error = time.block_on(run).unwrap_err();
    assert_eq!(
        (error.message(), time.now()),
        (Some("the hundredth"), at(199))
    );
}

/// Swift, `async let`: a child that was started and not awaited is cancelled when its scope ends. Here a handle that is
/// dropped lets its task run: the group awaits it. Who wants it cancelled cancels it.
#[test]
fn a_handle_that_is_dropped_cancels_nothing() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        drop(group.spawn(|cx: Cx| async move { cx.sleep(secs(3)).await }));
        let cancelled = group.spawn(|_| pending::<()>());
        cancelled.operation().cancel();
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(time.now(), at(3));
}

/// Swift, `Task.checkCancellation`: throws in a cancelled task only; a child of a cancelled task is cancelled.
#[test]
fn a_check_fails_in_all_that_is_below_a_cancelled_task_and_not_beside_it() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let cancelled = group.spawn_as(group.child().grace(secs(1)), |cx: Cx| async move {
            cx.cancelled().await;
            let below = cx.child().build();
            (cx.check().is_err(), below.token().is_cancelled())
        });
        let beside = group.spawn(|cx: Cx| async move {
            cx.sleep(secs(2)).await;
            cx.check().is_err()
        });
        group.cx().sleep(secs(1)).await;
        cancelled.operation().cancel();
        (cancelled.await, beside.await)
    });
    assert_eq!(time.block_on(run), Ok((Ok((true, true)), Ok(false))));
}

/// Swift, structured concurrency: cancelling a task cancels its whole subtree, groups in groups.
#[test]
fn a_cancel_reaches_groups_in_groups() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let op = time.operation().build();
    let handle = op.clone();
    later(&time, secs(1), move || {
        assert!(handle.cancel_with("enough"))
    });
    let run = op.run_group(async |outer| {
        let notes = notes.clone();
        outer.spawn(move |cx: Cx| async move {
            let inner = cx.child().run_group(async |inner| {
                let gone = notes.on_drop("innermost gone");
                inner.spawn(move |_| async move {
                    let _gone = gone;
                    pending::<()>().await;
                });
            });
            inner.await
        });
    });
    assert_eq!(time.block_on(run).unwrap_err().message(), Some("enough"));
    assert_eq!(notes.take(), ["1s innermost gone"]);
}
