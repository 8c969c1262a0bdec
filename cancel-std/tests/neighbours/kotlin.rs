//! Kotlin coroutines: scopes, supervision, timeouts, jobs.

use crate::{Cx, at, later, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{Cancelled, Reason, Status};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Kotlin, coroutines guide, basics: `coroutineScope` does not complete before its children have.
#[test]
fn a_scope_completes_after_its_children_and_has_the_value_of_its_body() {
    let time = VirtualTime::new();
    let scope = time.operation().build();
    let run = scope.run_group(async |group| {
        group.spawn(|cx| async move {
            // A grandchild, of which the scope's body knows nothing.
            let nested = cx.child().run_group(async |group| {
                group.spawn(|cx| async move { cx.sleep(secs(7)).await });
            });
            nested.await
        });
        "value"
    });
    assert_eq!(time.block_on(run), Ok("value"));
    assert_eq!((time.now(), scope.status()), (at(7), Status::Completed));
}

/// Kotlin, coroutines guide, exception handling: an exception of a child cancels its siblings and its parent.
#[test]
fn an_error_of_a_child_cancels_siblings_and_the_scope_and_is_rethrown() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let scope = time.operation().build();
    let run = scope.run_group(async |group| {
        let gone = notes.on_drop("sibling gone");
        group.spawn(|_| async move {
            let _gone = gone;
            pending::<()>().await
        });
        group.spawn(|cx| async move {
            cx.sleep(secs(1)).await;
            "no number".parse::<u32>()
        });
        let _gone = notes.on_drop("body gone");
        pending::<()>().await;
    });
    let error = time.block_on(run).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.is::<std::num::ParseIntError>());
    let mut notes: Vec<_> = notes.take().iter().map(ToString::to_string).collect();
    notes.sort_unstable();
    assert_eq!(notes, ["1s body gone", "1s sibling gone"]);
    assert_eq!(scope.status(), Status::Failed);
}

/// Kotlin, coroutines guide, exception handling: the parent handles the exception when all children have terminated.
#[test]
fn the_error_comes_out_when_the_last_child_has_ended_its_cleanup() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let slow = group
            .child()
            .finally(|cx: Cx| async move { cx.sleep(secs(5)).await });
        group.spawn_as(slow, |_| pending::<()>());
        group.spawn(|cx| async move {
            cx.sleep(secs(1)).await;
            Err::<(), _>("broken")
        });
    });
    assert_eq!(time.block_on(run).unwrap_err().message(), Some("broken"));
    assert_eq!(time.now(), at(6));
}

/// Kotlin, coroutines guide, exceptions aggregation: the first exception wins, later ones are attached as suppressed.
/// Here the later ones are listed in the context of the group, in the order in which they came.
#[test]
fn the_first_error_wins_and_later_ones_are_listed() {
    let time = VirtualTime::new();
    let scope = time.operation().grace(secs(10)).build();
    let run = scope.run_group(async |group| {
        for n in [2, 1, 3] {
            group.spawn(move |cx| async move {
                // Each fails although it is asked to stop.
                cx.sleep(secs(n)).await;
                Err::<(), _>(format!("error {n}"))
            });
        }
    });
    assert_eq!(time.block_on(run).unwrap_err().message(), Some("error 1"));
    let context = scope.context();
    let errors: Vec<_> = context
        .task_errors()
        .iter()
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, ["error 1", "error 2", "error 3"]);
}

/// Kotlin, coroutines guide, exceptions aggregation: cancellation exceptions are no exceptions of their own.
#[test]
fn that_the_siblings_were_cancelled_is_no_further_error() {
    let time = VirtualTime::new();
    let scope = time.operation().grace(secs(10)).build();
    let run = scope.run_group(async |group| {
        for _ in 0..2 {
            group.spawn(|cx| async move {
                cx.cancelled().await;
                cx.check() // passes the cancelation on as its error
            });
        }
        group.spawn(|_| pending::<()>());
        group.spawn(|_| async { Err::<(), _>("the only one") });
    });
    assert_eq!(
        time.block_on(run).unwrap_err().message(),
        Some("the only one")
    );
    assert_eq!(scope.context().task_error_count(), 1);
}

/// Kotlin, coroutines guide, exception handling: a child that is cancelled does not cancel its parent.
#[test]
fn a_cancelled_child_leaves_parent_and_siblings_alone() {
    let time = VirtualTime::new();
    let scope = time.operation().build();
    let run = scope.run_group(async |group| {
        let sibling = group.spawn(|cx| async move {
            cx.sleep(secs(5)).await;
            "done"
        });
        let child = group.spawn(|_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        child.operation().cancel();
        let why = child.await.unwrap_err(); // `join` after `cancel`
        assert_eq!((why.reason(), time.now()), (Reason::Manual, at(1)));
        sibling.await
    });
    assert_eq!(time.block_on(run), Ok(Ok("done")));
    assert_eq!(scope.status(), Status::Completed);
    assert_eq!(scope.context().task_error_count(), 0);
}

/// Kotlin, coroutines guide, cancellation and timeouts: `cancelAndJoin` returns when the job has ended its `finally`.
#[test]
fn cancel_and_join_waits_for_the_cleanup() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        let child = group
            .child()
            .finally(|cx: Cx| async move { cx.sleep(secs(3)).await });
        let job = group.spawn_as(child, |_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        let op = job.operation().clone();
        op.cancel();
        assert!(!op.status().is_final()); // *cancelling*
        assert!(job.await.is_err());
        (op.status(), time.now())
    });
    assert_eq!(time.block_on(run), Ok((Status::Cancelled, at(4))));
}

/// Kotlin, `Job.cancelChildren`: cancels the children and not the job, which may have new ones.
#[test]
fn cancel_children_ends_the_children_and_leaves_the_job_to_start_others() {
    let time = VirtualTime::new();
    let job = time.operation().build();
    let run = job.run_group(async |group| {
        let children = [(); 2].map(|()| group.spawn(|_| pending::<()>()));
        group.cx().sleep(secs(1)).await;
        assert!(group.operation().token().cancel_children());
        for child in children {
            let why = child.await.unwrap_err();
            assert_eq!(
                (why.reason(), why.root_reason()),
                (Reason::Parent, Reason::Manual)
            );
        }
        assert!(!group.operation().is_cancelled());
        group
            .spawn(|cx| async move {
                cx.sleep(secs(1)).await;
                "another"
            })
            .await
    });
    assert_eq!(time.block_on(run), Ok(Ok("another")));
    assert_eq!((job.status(), time.now()), (Status::Completed, at(2)));
    assert_eq!(job.context().task_error_count(), 0);
}

/// Kotlin, `Job.cancelChildren`: children that pass their cancellation on as an exception do not fail the job.
#[test]
fn children_that_return_the_cancelation_after_cancel_children_do_not_fail_the_job() {
    let time = VirtualTime::new();
    let job = time.operation().build();
    let run = job.run_group(async |group| {
        let polite = group.child().grace(secs(10));
        let child = group.spawn_as(polite, |cx| async move {
            cx.cancelled().await;
            cx.check()
        });
        group.cx().sleep(secs(1)).await;
        group.operation().token().cancel_children_with("tidy up");
        child.await.unwrap_err().message().map(String::from)
    });
    assert_eq!(time.block_on(run), Ok(Some("tidy up".into())));
    assert_eq!(job.status(), Status::Completed);
    assert_eq!(job.context().task_error_count(), 0);
}

/// Kotlin, `Job.cancelChildren`: a child that fails while it is being cancelled is still a failed one.
#[test]
fn a_child_that_fails_after_cancel_children_is_listed_with_its_error() {
    let time = VirtualTime::new();
    let job = time.operation().build();
    let run = job.run_group(async |group| {
        let child = group.child().grace(secs(10));
        let child = group.spawn_as(child, |cx| async move {
            cx.cancelled().await;
            Err::<(), _>("could not be saved")
        });
        group.cx().sleep(secs(1)).await;
        group.operation().token().cancel_children();
        child.await.unwrap_err().message().map(String::from)
    });
    assert_eq!(time.block_on(run), Ok(Some("could not be saved".into())));
    assert_eq!(
        job.context().task_errors()[0].to_string(),
        "could not be saved"
    );
}

/// Kotlin, `Job`: to cancel a job in between cancels what is below it, and is no failure of the scope above.
#[test]
fn a_job_between_scope_and_children_can_be_cancelled_with_its_children() {
    for each_for_itself in [false, true] {
        let time = VirtualTime::new();
        let scope = match each_for_itself {
            true => time.operation().each_for_itself().build(),
            false => time.operation().build(),
        };
        let run = scope.run_group(async |group| {
            let between = group.child().build();
            let children = [(); 2].map(|()| {
                let child = group.child().parent(&between);
                group.spawn_as(child, |_| pending::<()>())
            });
            let other = group.spawn(|cx| async move {
                cx.sleep(secs(5)).await;
                "done"
            });
            group.cx().sleep(secs(1)).await;
            between.cancel();
            for child in children {
                assert_eq!(child.await.unwrap_err().reason(), Reason::Parent);
            }
            other.await
        });
        assert_eq!(time.block_on(run), Ok(Ok("done")));
        assert_eq!(scope.context().task_error_count(), 0);
    }
}

/// Kotlin, coroutines guide, supervision: in a `supervisorScope` a failing child leaves the others alone.
#[test]
fn under_a_supervisor_a_failing_child_leaves_the_others_alone() {
    let time = VirtualTime::new();
    let scope = time.operation().each_for_itself().build();
    let run = scope.run_group(async |group| {
        let first = group.spawn(|_| async { Err::<(), _>("the first one fails") });
        let second = group.spawn(|cx| async move {
            cx.sleep(secs(5)).await;
            "the second one is active"
        });
        assert_eq!(
            first.await.unwrap_err().message(),
            Some("the first one fails")
        );
        second.await
    });
    assert_eq!(time.block_on(run), Ok(Ok("the second one is active")));
    assert_eq!(
        scope.context().task_errors()[0].to_string(),
        "the first one fails"
    );
}

/// Kotlin, coroutines guide, supervision: a failure of the scope itself cancels all children of a supervisor.
#[test]
fn under_a_supervisor_an_error_of_the_body_cancels_the_children() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let scope = time.operation().each_for_itself();
    let run = scope.try_run_group(async |group| -> Result<(), Box<dyn std::error::Error>> {
        let gone = notes.on_drop("child gone");
        group.spawn(|_| async move {
            let _gone = gone;
            pending::<()>().await
        });
        group.cx().sleep(secs(1)).await;
        Err("from the body".into())
    });
    assert_eq!(time.block_on(run).unwrap_err().to_string(), "from the body");
    assert_eq!(notes.take(), ["1s child gone"]);
}

/// Kotlin, coroutines guide, supervision: cancellation comes down to the children of a supervisor.
#[test]
fn a_supervisor_that_is_cancelled_cancels_its_children() {
    let time = VirtualTime::new();
    let scope = time.operation().each_for_itself().build();
    let handle = scope.clone();
    later(&time, secs(1), move || {
        assert!(handle.cancel_with("closing"))
    });
    let heard = Arc::new(Mutex::new(None));
    let in_child = heard.clone();
    let run = scope.run_group(async |group| {
        let child = group.child().grace(secs(5));
        group.spawn_as(child, |cx| async move {
            let why = cx.cancelled().await;
            *in_child.lock().unwrap() = why.message().map(String::from);
        });
    });
    // The child has come to an end of its own, so nothing was lost.
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!(heard.lock().unwrap().as_deref(), Some("closing"));
    assert_eq!(time.now(), at(1));
}

/// Kotlin, coroutines guide, supervision: an exception inside a `supervisorScope` in a child stays in that child's scope.
#[test]
fn a_supervisor_inside_a_scope_keeps_the_errors_of_its_children() {
    let time = VirtualTime::new();
    let outer = time.operation().build();
    let run = outer.run_group(async |group| {
        let nested = group.spawn(|cx| async move {
            let supervisor = cx.child().each_for_itself();
            let run = supervisor.run_group(async |group| {
                group.spawn(|_| async { Err::<(), _>("kept") });
                "survived"
            });
            run.await
        });
        nested.await
    });
    assert_eq!(time.block_on(run), Ok(Ok("survived")));
    assert_eq!(outer.context().task_error_count(), 0);
}

/// Kotlin, coroutines guide, cancellation and timeouts: `withTimeout` throws, and cancels what was started inside.
#[test]
fn with_timeout_cancels_the_children_inside_and_throws_when_they_are_over() {
    let time = VirtualTime::new();
    let limited = time.operation().timeout(secs(2)).build();
    let run = limited.run_group(async |group| {
        let child = group
            .child()
            .finally(|cx: Cx| async move { cx.sleep(secs(1)).await });
        group.spawn_as(child, |_| pending::<()>());
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!(
        (why.reason(), why.limit()),
        (Reason::Timeout, Some(secs(2)))
    );
    assert_eq!(time.now(), at(3));
}

/// Kotlin, `withTimeoutOrNull`: the result or `null`, and a timeout of another block inside is not taken for its own.
#[test]
fn with_timeout_or_null_takes_only_its_own_timeout_for_null() {
    async fn or_none(cx: &Cx, own: u64, inner: u64) -> Result<Option<&'static str>, Cancelled> {
        let limited = cx.child().timeout(secs(own)).build();
        let run = limited.try_run(async |cx| -> Result<_, Cancelled> {
            let block = cx.child().timeout(secs(inner));
            block.run(async |cx| cx.sleep(secs(5)).await).await?;
            Ok("result")
        });
        match run.await {
            Ok(result) => Ok(Some(result)),
            Err(why) if why.is_from(&limited) => Ok(None),
            Err(why) => Err(why),
        }
    }
    let time = VirtualTime::new();
    let run = time.operation().run(async |cx| {
        assert_eq!(or_none(cx, 10, 10).await, Ok(Some("result")));
        assert_eq!(or_none(cx, 3, 10).await, Ok(None));
        let why = or_none(cx, 10, 3).await.unwrap_err();
        assert_eq!(why.reason(), Reason::Timeout);
    });
    assert_eq!(time.block_on(run), Ok(()));
}

/// Kotlin, coroutines guide, asynchronous timeout and resources: a resource acquired at the last moment may be lost.
/// Here it is not: if body and timer are ready in one poll, the body wins, and its value is returned.
#[test]
fn a_resource_acquired_at_the_very_end_of_the_time_is_returned() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(5)).build();
    let run = op.run(async |cx| {
        cx.sleep(secs(5)).await;
        "the resource"
    });
    assert_eq!(time.block_on(run), Ok("the resource"));
    assert_eq!((time.now(), op.status()), (at(5), Status::Completed));
}

/// Kotlin, coroutines guide, run non-cancellable block: `withContext(NonCancellable)` can suspend in a cancelled coroutine.
#[test]
fn in_a_non_cancellable_block_sleeps_and_timeouts_work_although_all_around_is_cancelled() {
    let time = VirtualTime::new();
    let outer = time.operation().build();
    let handle = outer.clone();
    let mut done = None;
    let run = outer.run(async |cx| {
        handle.cancel();
        cx.shield(async |cx| {
            cx.sleep(secs(1)).await;
            let limited = cx.child().timeout(secs(2));
            let ran_out = limited.run(async |cx| cx.sleep(secs(10)).await).await;
            done = Some((ran_out.unwrap_err().reason(), time.now()));
        })
        .await;
        pending::<()>().await;
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(done, Some((Reason::Timeout, at(3))));
}

/// Kotlin, `Job.invokeOnCompletion`: the handler is called once, with the cause, when the job has ended all it had to do.
#[test]
fn a_completion_handler_is_called_once_at_the_very_end_with_the_cause() {
    for cancelled in [false, true] {
        let time = VirtualTime::new();
        let notes = Recorder::on(&time);
        let [on_complete, on_cancel] = [notes.clone(), notes.clone()];
        let job = time
            .operation()
            .on_complete(move |_| on_complete.note("completed"))
            .on_cancel(move |context| {
                on_cancel.note(format!("cancelled: {}", context.message().unwrap()));
            })
            .finally(|cx: Cx| async move { cx.sleep(secs(2)).await })
            .build();
        let run = job.run(async |cx| {
            if cancelled {
                cx.cancel_with("stop");
            }
            cx.sleep(secs(1)).await;
        });
        assert_eq!(time.block_on(run).is_err(), cancelled);
        match cancelled {
            false => assert_eq!(notes.take(), ["3s completed"]),
            true => assert_eq!(notes.take(), ["2s cancelled: stop"]),
        }
    }
}

/// Kotlin, `Job.invokeOnCompletion`: a handler of a job that is cancelled already is called at once.
#[test]
fn a_handler_registered_after_the_cancel_is_called_at_once() {
    let time = VirtualTime::new();
    let job = time.operation().build();
    job.cancel_with("stop");
    let notes = Recorder::new();
    let late = notes.watch("late", job.token());
    assert_eq!(notes.take(), ["late cancelled: manual: stop"]);
    drop(late);
    assert!(notes.take().is_empty());
}

/// Kotlin, `CoroutineStart.LAZY`: a job that was not started is not active, and can be cancelled before it ever runs.
#[test]
fn a_lazy_job_waits_for_its_start_and_its_time_does_not_run() {
    let time = VirtualTime::new();
    let [lazy, unwanted] = [(); 2].map(|()| time.operation().timeout(secs(5)).build());
    time.advance(secs(100));
    assert_eq!((lazy.status(), lazy.deadline()), (Status::Pending, None));
    unwanted.cancel();
    let never: Result<(), Cancelled> =
        time.block_on(unwanted.run(async |_| unreachable!("it does not begin")));
    assert_eq!(never.unwrap_err().reason(), Reason::Manual);
    let run = lazy.run(async |cx| cx.remaining());
    assert_eq!(time.block_on(run), Ok(Some(secs(5))));
}

/// Kotlin, `CoroutineScope`, explicit `Job` as parent: `launch(Job())` breaks the relation to the scope around.
/// Here the group still waits for such a task: what it has started does not outlive it.
#[test]
fn a_task_with_another_parent_is_not_cancelled_with_the_group_that_waits_for_it() {
    let time = VirtualTime::new();
    let elsewhere = time.operation().build();
    let scope = time.operation().build();
    let handle = scope.clone();
    later(&time, secs(1), move || assert!(handle.cancel()));
    let finished = Arc::new(Mutex::new(None));
    let in_task = finished.clone();
    let clock = time.clone();
    let run = scope.run_group(async |group| {
        let apart = group.child().parent(&elsewhere);
        group.spawn_as(apart, move |cx| async move {
            cx.sleep(secs(5)).await;
            *in_task.lock().unwrap() = Some(clock.now());
        });
        pending::<()>().await;
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(*finished.lock().unwrap(), Some(at(5)));
    assert_eq!((time.now(), scope.context().cut_off()), (at(5), 0));
}

/// Kotlin, coroutines guide, cancellation is cooperative: a computation stops where it checks for cancellation.
#[test]
fn a_computation_that_checks_stops_at_its_deadline_and_in_a_supervised_loop() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(3)).build();
    let mut rounds = 0;
    let run = op.try_run(async |cx| -> Result<(), Cancelled> {
        loop {
            cx.check()?; // `ensureActive`
            rounds += 1;
            time.advance(Duration::from_secs(1)); // what a round takes
        }
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!((rounds, op.status()), (3, Status::Cancelled));
}
