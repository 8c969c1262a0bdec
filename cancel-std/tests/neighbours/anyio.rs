//! AnyIO: timeouts, shields, checkpoints, task groups, threads.

use crate::{Cx, at, later, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{Cancelled, Reason, Spawn, Status, current_id};
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// AnyIO, cancellation and timeouts: `fail_after` raises `TimeoutError`, the error that all code knows.
#[test]
fn a_timeout_in_code_with_io_errors_is_the_timeout_of_that_type() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(1)).name("fetch");
    let run = op.try_run(async |cx| -> io::Result<()> {
        cx.sleep(secs(5)).await;
        Ok(())
    });
    let error = time.block_on(run).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "cancelled: timeout of 1s of \"fetch\"");
}

/// AnyIO, cancellation and timeouts: a caller asks its own scope whether it was that one which ran out of time.
#[test]
fn a_caller_can_tell_its_own_timeout_from_that_of_others() {
    let time = VirtualTime::new();
    for (mine, theirs) in [(2, 5), (5, 2)] {
        let outer = time.operation().timeout(secs(mine)).grace(secs(1)).build();
        let run = outer.try_run(async |cx| -> Result<(), Cancelled> {
            let inner = cx.child().timeout(secs(theirs));
            inner.run(async |cx| cx.sleep(secs(10)).await).await
        });
        let why = time.block_on(run).unwrap_err();
        assert_eq!(why.root_reason(), Reason::Timeout);
        assert_eq!(why.is_from(&outer), mine < theirs);
        assert_eq!(outer.status() == Status::Cancelled, mine < theirs);
    }
}

/// AnyIO, `CancelScope.cancelled_caught`: a scope whose time is over after its end is not a cancelled one.
#[test]
fn a_block_that_ended_in_time_is_not_cancelled_by_its_deadline_later() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(5)).build();
    assert_eq!(
        time.block_on(op.run(async |cx| cx.sleep(secs(4)).await)),
        Ok(())
    );
    time.advance(secs(10));
    assert!(!op.is_cancelled());
    assert_eq!((op.status(), op.deadline()), (Status::Completed, None));
    assert_eq!(time.pending_timers(), 0);
}

/// AnyIO, `move_on_after(None)` and a deadline of infinity: no limit at all.
#[test]
fn the_longest_duration_is_no_limit() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(Duration::MAX);
    let run = op.run(async |cx| {
        cx.sleep(secs(1 << 40)).await;
        (cx.deadline(), cx.remaining())
    });
    assert_eq!(time.block_on(run), Ok((None, None)));
}

/// AnyIO, `fail_after(0)`: the block is cancelled at its first checkpoint.
/// Here it does not begin: a limit that is over before the start is a cancel before the start.
#[test]
fn with_no_time_at_all_the_body_does_not_begin() {
    let time = VirtualTime::new();
    time.advance(secs(5));
    for op in [
        time.operation().timeout(Duration::ZERO),
        time.operation().deadline(at(5)),
        time.operation().deadline(at(1)),
    ] {
        let result: Result<(), Cancelled> =
            time.block_on(op.run(async |_| unreachable!("it does not begin")));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    }
}

/// AnyIO, cancellation and timeouts, shielding: a shield that is cancelled itself ends, shield or not.
#[test]
fn a_shield_can_be_cancelled_itself() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        let limited = cx.shield_within(Duration::MAX, async |cx| {
            cx.token().cancel_with("inside");
            cx.sleep(secs(1)).await;
            unreachable!("it is cancelled");
        });
        let ended: Result<(), Cancelled> = limited.await;
        assert!(cx.check().is_ok()); // the code around is not
        ended.unwrap_err().message().map(String::from)
    });
    assert_eq!(time.block_on(run), Ok(Some("inside".into())));
    assert_eq!(time.now(), at(0));
}

/// AnyIO, cancellation and timeouts, shielding: what is cancelled meanwhile is delivered at the end of the shield.
#[test]
fn the_cancel_that_a_shield_kept_away_comes_behind_it() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let op = time.operation().build();
    let handle = op.clone();
    later(&time, secs(1), move || assert!(handle.cancel()));
    let run = op.run(async |cx| {
        cx.shield(async |cx| cx.sleep(secs(3)).await).await;
        notes.note("behind the shield");
        cx.sleep(Duration::ZERO).await;
        notes.note("behind the first await");
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Manual);
    assert_eq!(notes.take(), ["3s behind the shield"]);
}

/// AnyIO, cancellation and timeouts, shielding: a shield in a shield, and an unshielded block in one, are safe as well.
#[test]
fn a_block_inside_a_shield_is_shielded_from_outside_and_has_its_own_limits() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(1)).build();
    let mut seen = Vec::new();
    let run = op.run(async |cx| {
        cx.shield(async |cx| {
            let child = cx.child();
            let slept = child.run(async |cx| cx.sleep(secs(3)).await).await;
            seen.push((slept.is_ok(), time.now()));
            let child = cx.child().timeout(secs(2));
            let slept = child.run(async |cx| cx.sleep(secs(10)).await).await;
            seen.push((slept.is_ok(), time.now()));
        })
        .await;
        pending::<()>().await;
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(seen, [(true, at(3)), (false, at(5))]);
}

/// AnyIO, `lowlevel.checkpoint_if_cancelled`: tells of a cancel, and otherwise does not give way to others.
#[test]
fn a_check_tells_of_the_cancel_and_does_not_give_way() {
    let time = VirtualTime::new();
    let notes = Recorder::new();
    let in_body = notes.clone();
    let run = time.operation().run(async move |cx| {
        assert_eq!(cx.check(), Ok(()));
        in_body.note("checked");
        cx.cancel_with("enough");
        assert_eq!(cx.check().unwrap_err().message(), Some("enough"));
        assert!(cx.is_cancelled());
        in_body.note("checked again");
    });
    time.spawn(async { run.await.unwrap() }).unwrap();
    let other = notes.clone();
    time.spawn(async move { other.note("other") }).unwrap();
    time.run_ready();
    assert_eq!(notes.take(), ["checked", "checked again", "other"]);
}

/// AnyIO, `lowlevel.cancel_shielded_checkpoint`: gives way to others although the task is cancelled.
#[test]
fn a_checkpoint_in_a_shield_gives_way_and_is_not_cancelled() {
    let time = VirtualTime::new();
    let notes = Recorder::new();
    let op = time.operation().build();
    let in_body = notes.clone();
    let run = op.run(async move |cx| {
        cx.cancel();
        cx.shield(async |cx| {
            in_body.note("before");
            assert_eq!(cx.checkpoint().await, Ok(()));
            in_body.note("after");
        })
        .await;
    });
    time.spawn(async { run.await.unwrap() }).unwrap();
    let other = notes.clone();
    time.spawn(async move { other.note("other") }).unwrap();
    time.run_ready();
    assert_eq!(notes.take(), ["before", "other", "after"]);
}

/// AnyIO, creating and managing tasks: all errors of a task group can be had, not just one.
#[test]
fn all_errors_of_the_tasks_can_be_had() {
    let time = VirtualTime::new();
    let op = time.operation().each_for_itself().build();
    let run = op.run_group(async |group| {
        for name in ["a", "b", "c"] {
            let task = group.child().name(name);
            group.spawn_as(task, move |_| async move {
                match name {
                    "b" => Ok(()),
                    _ => Err(format!("no {name}")),
                }
            });
        }
    });
    assert_eq!(time.block_on(run), Ok(()));
    let context = op.context();
    let errors: Vec<_> = context
        .task_errors()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(errors, ["a: no a", "c: no c"]);
}

/// AnyIO, creating and managing tasks: an error of the host's own body cancels the tasks, which are waited for.
#[test]
fn an_error_of_the_body_cancels_the_tasks_and_waits_for_their_ends() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let in_cleanup = notes.clone();
    let op = time.operation().build();
    let run = op.try_run_group(async |group| -> Result<(), io::Error> {
        let task = group.child().finally(move |cx: Cx| async move {
            cx.sleep(secs(2)).await;
            in_cleanup.note("closed");
        });
        group.spawn_as(task, |_| pending::<()>());
        group.cx().sleep(secs(1)).await;
        Err(io::Error::other("disk full"))
    });
    assert_eq!(time.block_on(run).unwrap_err().to_string(), "disk full");
    assert_eq!(notes.take(), ["3s closed"]);
    assert_eq!(op.status(), Status::Failed);
}

/// AnyIO, creating and managing tasks: a failure in an inner task group goes up through the outer one.
#[test]
fn a_failure_in_an_inner_group_fails_the_outer_one() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let outer = time.operation().build();
    let run = outer.run_group(async |group| {
        let gone = notes.on_drop("neighbour gone");
        group.spawn(|_| async move {
            let _gone = gone;
            pending::<()>().await
        });
        group.spawn(|cx| async move {
            let inner = cx.child().run_group(async |group| {
                group.spawn(|cx| async move {
                    cx.sleep(secs(1)).await;
                    Err::<(), _>("deep inside")
                });
            });
            inner.await
        });
    });
    assert_eq!(
        time.block_on(run).unwrap_err().message(),
        Some("deep inside")
    );
    assert_eq!(notes.take(), ["1s neighbour gone"]);
    assert_eq!(outer.status(), Status::Failed);
}

/// AnyIO, creating and managing tasks: a task group that is cancelled takes no new work that would go on.
#[test]
fn a_task_spawned_into_a_cancelled_group_does_not_begin() {
    let time = VirtualTime::new();
    let mut late = None;
    let op = time.operation().grace(secs(10)).build();
    let run = op.run_group(async |group| {
        group.operation().cancel();
        late = Some(group.spawn(|_| async { "begun" }));
    });
    drop(time.block_on(run));
    let late = time.block_on(late.unwrap());
    assert_eq!(late.unwrap_err().reason(), Reason::Parent);
    assert_eq!(time.now(), at(0));
}

/// AnyIO, creating and managing tasks, context propagation: a task has the context of its host's task.
/// Here a task of a group is below the group, and one that is spawned by other means is below nothing.
#[test]
fn a_task_of_a_group_knows_what_it_is_a_part_of_and_a_plain_task_does_not() {
    let time = VirtualTime::new();
    let seen = Arc::new(Mutex::new(None));
    let in_plain = seen.clone();
    let op = time.operation().build();
    let run = op.run_group(async |group| {
        let plain = async move { *in_plain.lock().unwrap() = Some(current_id()) };
        time.spawn(plain).unwrap();
        let task = group.spawn(|cx| async move {
            let id = cx.id();
            assert_eq!(current_id(), Some(id));
            cx.operation().context().parent_id()
        });
        task.await.unwrap()
    });
    assert_eq!(time.block_on(run), Ok(Some(op.id())));
    assert_eq!(*seen.lock().unwrap(), Some(None));
}

/// AnyIO, working with threads: `from_thread.check_cancelled` raises once the host task is cancelled.
#[test]
fn a_thread_learns_from_a_check_that_its_operation_is_cancelled() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let handle = op.clone();
    let result = Arc::new(Mutex::new(None));
    let in_thread = result.clone();
    let run = op.run(async |cx| {
        let work = cx.run_in_thread(move |cx| {
            let before = cx.check();
            handle.cancel_with("enough");
            *in_thread.lock().unwrap() = Some((before, cx.check()));
        });
        // (In a shield, so that the closure is waited for.)
        cx.shield_future(work).await.unwrap();
        pending::<()>().await;
    });
    assert_eq!(time.block_on(run).unwrap_err().message(), Some("enough"));
    let (before, after) = result.lock().unwrap().take().unwrap();
    assert_eq!(before, Ok(()));
    assert_eq!(after.unwrap_err().message(), Some("enough"));
}
