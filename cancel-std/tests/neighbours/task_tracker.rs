//! tokio: `tokio_util::task::TaskTracker`, `JoinSet`, `CancellationToken`, `time::timeout`.

use crate::{Cx, at, later, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{CancelFutureExt, CancelToken, Reason, TaskSet};
use std::future::pending;

fn fail(text: &str) {
    panic!("{text}");
}

/// `TaskTracker::wait`: with no tasks, a closed tracker is done at once.
#[test]
fn nothing_to_wait_for_is_no_wait() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    assert_eq!(
        time.block_on(op.run_group(async |group| group.running())),
        Ok(0)
    );
    assert_eq!(time.now(), at(0));
}

/// `TaskTracker::wait`: waits until the tracker is closed and empty; tasks may be added until then, also by tasks.
#[test]
fn tasks_added_while_it_is_waited_for_are_waited_for_too() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let siblings = group.clone();
        group.spawn(move |cx: Cx| async move {
            cx.sleep(secs(1)).await;
            let again = siblings.clone();
            siblings.spawn(move |cx: Cx| async move {
                cx.sleep(secs(1)).await;
                again.spawn(|cx: Cx| async move { cx.sleep(secs(1)).await });
            });
        });
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(time.now(), at(3));
}

/// `TaskTracker`: after `close`, `track_future` still takes tasks. Here a group that is over refuses, and the handle says so.
#[test]
fn a_group_that_is_over_refuses_tasks() {
    let time = VirtualTime::new();
    let mut kept = None;
    let run = time
        .operation()
        .run_group(async |group| kept = Some(group.clone()));
    assert_eq!(time.block_on(run), Ok(()));
    let late = kept.unwrap().spawn(|_| async { fail("it does not begin") });
    let refused: Result<(), _> = time.block_on(late);
    assert_eq!(refused.unwrap_err().reason(), Reason::Error);
}

/// `TaskTracker::len`: counts the tasks that have not been dropped yet.
#[test]
fn running_counts_tasks_until_they_are_gone() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut seen = vec![group.running()];
        group.spawn(|cx: Cx| async move { cx.sleep(secs(1)).await });
        group.spawn(|cx: Cx| async move { cx.sleep(secs(3)).await });
        seen.push(group.running());
        group.cx().sleep(secs(2)).await;
        seen.push(group.running());
        group.cx().sleep(secs(2)).await;
        seen.push(group.running());
        seen
    });
    assert_eq!(time.block_on(run), Ok(vec![0, 2, 1, 0]));
}

/// `TaskTracker`: a tracked future that panics is not tracked any more, and nobody else is disturbed.
#[test]
fn a_task_that_panics_disturbs_nobody_in_a_group_of_each_for_itself() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        let bad = group.spawn(|_| async { fail("meant") });
        let good = group.spawn(|cx: Cx| async move { cx.sleep(secs(1)).await });
        (
            bad.await.map_err(|why: cancel_std::Cancelled| why.reason()),
            good.await,
        )
    });
    assert_eq!(
        time.block_on(run),
        Ok((Err::<(), _>(Reason::Error), Ok(())))
    );
    assert_eq!(op.context().task_error_count(), 1);
}

/// `TaskTracker` beside a `CancellationToken`, as its documentation recommends for graceful shutdown: tell the tasks, let them
/// end, wait for them.
#[test]
fn tasks_that_are_told_to_stop_end_their_work() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let stop = CancelToken::new();
    let run = time.operation().run_group(async |group| {
        for n in [1, 2] {
            let (stop, notes) = (stop.clone(), notes.clone());
            group.spawn(move |cx: Cx| async move {
                stop.cancelled().await;
                cx.sleep(secs(n)).await;
                notes.note(format!("task {n} has saved"));
            });
        }
        group.cx().sleep(secs(5)).await;
        stop.cancel();
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(notes.take(), ["6s task 1 has saved", "7s task 2 has saved"]);
}

/// `JoinSet::join_next`: `None` when the set is empty; it is cancel safe.
#[test]
fn a_set_that_is_empty_says_so_and_a_wait_that_is_dropped_loses_nothing() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut tasks = TaskSet::new();
        assert!(tasks.join_next().await.is_none());
        tasks.push(group.spawn(|cx: Cx| async move {
            cx.sleep(secs(2)).await;
            "first"
        }));
        let soon = group.cx().child().timeout(secs(1));
        assert!(
            soon.run(async |_| tasks.join_next().await.is_some())
                .await
                .is_err()
        );
        let end = tasks.join_next().await.unwrap();
        (end.result, tasks.join_next().await.is_none())
    });
    assert_eq!(time.block_on(run), Ok((Ok("first"), true)));
}

/// `JoinSet::shutdown`, `abort_all`: all tasks are cancelled and awaited.
#[test]
fn the_tasks_of_a_set_can_be_cancelled_and_awaited() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let mut tasks = TaskSet::new();
        for _ in 0..3 {
            tasks.push(group.spawn(|_| pending::<()>()));
        }
        group
            .operation()
            .token()
            .cancel_children_with(Reason::Shutdown);
        let mut ends = 0;
        while let Some(end) = tasks.join_next().await {
            assert_eq!(end.result.unwrap_err().root_reason(), Reason::Shutdown);
            ends += 1;
        }
        ends
    });
    assert_eq!(time.block_on(run), Ok(3));
}

/// `time::timeout`: a future that is ready at its first poll wins, also with a timeout of zero. Here an operation without any
/// time does not begin.
#[test]
fn no_time_at_all_is_no_beginning() {
    let time = VirtualTime::new();
    let run = time
        .operation()
        .timeout(secs(0))
        .run(async |_| unreachable!("it does not begin"));
    let never: Result<(), _> = time.block_on(run);
    assert_eq!(never.unwrap_err().reason(), Reason::Timeout);
}

/// `time::timeout`: in a tie between the future and the deadline, the future wins.
#[test]
fn in_a_tie_the_work_wins() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(2)).run(async |cx| {
        cx.sleep(secs(2)).await;
        "in time"
    });
    assert_eq!(time.block_on(run), Ok("in time"));
}

/// `CancellationToken::run_until_cancelled`: `None` when it was cancelled, also if the future would be ready in the same poll.
/// Here the error says why.
#[test]
fn a_future_until_a_token_is_cancelled() {
    let time = VirtualTime::new();
    let token = CancelToken::new();
    assert_eq!(time.block_on(async { 5 }.until_cancelled(&token)), Ok(5));
    let handle = token.clone();
    later(&time, secs(1), move || assert!(handle.cancel_with("stop")));
    let cancelled = time
        .block_on(pending::<()>().until_cancelled(&token))
        .unwrap_err();
    assert_eq!(cancelled.message(), Some("stop"));
    assert!(time.block_on(async { 5 }.until_cancelled(&token)).is_err());
}

/// `CancellationToken::child_token`: cancelling a child leaves the parent alone; a child of a cancelled one is cancelled.
#[test]
fn tokens_of_operations_are_a_tree() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let (one, other) = (op.token().child(), op.token().child());
    one.cancel();
    assert!(!op.token().is_cancelled() && !other.is_cancelled());
    op.cancel();
    assert!(other.is_cancelled() && op.token().child().is_cancelled());
}
