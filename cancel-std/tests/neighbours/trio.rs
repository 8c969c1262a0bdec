//! Trio: cancel scopes, checkpoints, nurseries.

use crate::{Cx, at, later, secs};
use cancel_std::testing::{Recorder, VirtualTime};
use cancel_std::{Cancelled, Reason, Spawn, Status};
use std::future::pending;
use std::time::Duration;

/// Trio, reference, cancellation and timeouts: after `move_on_after` the code behind the block goes on.
#[test]
fn a_block_that_runs_out_of_time_is_left_and_the_code_behind_it_goes_on() {
    let time = VirtualTime::new();
    let run = time.operation().run(async |cx| {
        let block = cx.child().timeout(secs(3));
        let left = block.run(async |cx| cx.sleep(secs(10)).await).await;
        assert_eq!(
            (left.unwrap_err().reason(), time.now()),
            (Reason::Timeout, at(3))
        );
        cx.sleep(secs(10)).await;
        "behind it"
    });
    assert_eq!(time.block_on(run), Ok("behind it"));
    assert_eq!(time.now(), at(13));
}

/// Trio, reference, cancellation and timeouts: `fail_after` turns the timeout into an error of the code around.
#[test]
fn a_timeout_passed_up_is_an_error_of_the_code_around_and_not_its_cancelation() {
    let time = VirtualTime::new();
    let outer = time.operation().build();
    let run = outer.try_run(async |cx| -> Result<(), Cancelled> {
        let block = cx.child().timeout(secs(3)).name("block");
        block.run(async |cx| cx.sleep(secs(10)).await).await?;
        unreachable!("it has failed");
    });
    let error = time.block_on(run).unwrap_err();
    assert_eq!(error.to_string(), "cancelled: timeout of 3s of \"block\"");
    assert_eq!(outer.status(), Status::Failed);
    assert!(!outer.is_cancelled());
}

/// Trio, reference, `CancelScope.cancelled_caught`: false if the block ended by itself before it saw the cancel.
#[test]
fn a_block_that_reaches_its_end_after_the_cancel_has_completed() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let run = op.run(async |cx| {
        cx.cancel_with("too late");
        "reached the end"
    });
    assert_eq!(time.block_on(run), Ok("reached the end"));
    assert_eq!(op.status(), Status::Completed); // `cancelled_caught` is false,
    assert!(op.is_cancelled()); // `cancel_called` is true
    assert_eq!(op.context().message(), Some("too late"));
}

/// Trio, reference, cancellation semantics: a cancelled block stays cancelled, each checkpoint in it says so again.
#[test]
fn a_cancelation_that_was_swallowed_comes_again_at_each_checkpoint() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(60)).build();
    let run = op.run(async |cx| {
        cx.cancel();
        let mut swallowed = 0;
        for _ in 0..3 {
            swallowed += u32::from(cx.checkpoint().await.is_err());
        }
        swallowed
    });
    assert_eq!(time.block_on(run), Ok(3));
}

/// Trio, reference, cancellation semantics: what is started in a cancelled block is cancelled, too.
/// Here it does not begin, where Trio runs it up to the first checkpoint: what comes before that might be an effect.
#[test]
fn a_block_inside_a_cancelled_one_never_begins() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(60)).build();
    let run = op.run(async |cx| {
        cx.cancel_with("enough");
        let inner = cx.child();
        inner.run(async |_| unreachable!("it does not begin")).await
    });
    let inner = time.block_on(run).unwrap();
    let inner: Result<(), Cancelled> = inner;
    let why = inner.unwrap_err();
    assert_eq!(
        (why.reason(), why.message()),
        (Reason::Parent, Some("enough"))
    );
}

/// Trio, reference, `CancelScope.cancel`: a scope can be cancelled before it is entered.
/// Here the body is then not polled at all: see above.
#[test]
fn a_cancel_before_the_start_counts() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    assert!(op.cancel());
    assert!(!op.cancel()); // and to cancel twice is no error
    let run = op.run(async |_| unreachable!("it does not begin"));
    let result: Result<(), Cancelled> = time.block_on(run);
    assert_eq!(result.unwrap_err().reason(), Reason::Manual);
}

/// Trio, reference, cancellation and timeouts: if the outer scope is cancelled, code behind the inner block is skipped.
#[test]
fn the_deadline_of_the_outer_block_skips_the_code_between_the_ends_of_both() {
    let time = VirtualTime::new();
    let notes = Recorder::new();
    let outer = time.operation().timeout(secs(3)).build();
    let run = outer.run(async |cx| {
        let inner = cx.child().timeout(secs(5));
        let _ = inner.run(async |cx| cx.sleep(secs(10)).await).await;
        notes.note("between");
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!((why.reason(), time.now()), (Reason::Timeout, at(3)));
    assert!(notes.take().is_empty());
}

/// Trio, reference, cancellation and timeouts: an inner deadline that comes first ends the inner block alone.
#[test]
fn the_deadline_of_the_inner_block_leaves_the_outer_one_alone() {
    let time = VirtualTime::new();
    let outer = time.operation().timeout(secs(5)).build();
    let run = outer.run(async |cx| {
        let inner = cx.child().timeout(secs(3)).build();
        let why = inner.run(async |cx| cx.sleep(secs(10)).await).await;
        assert!(why.unwrap_err().is_from(&inner));
        assert_eq!(cx.check(), Ok(()));
        cx.sleep(secs(1)).await;
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!((time.now(), outer.status()), (at(4), Status::Completed));
}

/// Trio, reference, cancellation semantics: if both have run out of time, the outermost scope is the one that counts.
/// Here the code behind the inner block goes on to its next await: the cancel came in the poll that it is in.
#[test]
fn of_equal_deadlines_the_outermost_counts() {
    let time = VirtualTime::new();
    let outer = time.operation().timeout(secs(3)).build();
    let mut inner = None;
    let run = outer.run(async |cx| {
        let op = cx.child().timeout(secs(3)).build();
        inner = Some(op.run(async |cx| cx.sleep(secs(10)).await).await);
        cx.sleep(secs(1)).await;
        unreachable!("the outer one is cancelled, too");
    });
    let result: Result<(), Cancelled> = time.block_on(run);
    assert!(result.unwrap_err().is_from(&outer));
    let inner = inner.unwrap().unwrap_err();
    assert!(inner.is_from(&outer));
    assert_eq!(
        (inner.reason(), inner.root_reason()),
        (Reason::Parent, Reason::Timeout)
    );
    assert_eq!(time.now(), at(3));
}

/// Trio, reference, `CancelScope.shield`: a shield keeps cancels from outside away, and not its own deadline.
#[test]
fn a_shield_keeps_the_outer_cancel_away_and_obeys_its_own_deadline() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(1)).build();
    let mut seen = None;
    let run = op.run(async |cx| {
        let limited = cx.shield_within(secs(5), async |cx| cx.sleep(secs(100)).await);
        seen = Some((limited.await.unwrap_err().reason(), time.now()));
        cx.sleep(secs(1)).await;
        unreachable!("cancelled since the first second");
    });
    let result: Result<(), Cancelled> = time.block_on(run);
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(seen, Some((Reason::Timeout, at(5))));
    assert_eq!(time.now(), at(5));
}

/// Trio, reference, cancellation and timeouts: a cleanup that awaits needs a scope with shield and timeout.
/// Here a cleanup is shielded by itself: one that is cut off at its first await is a mistake in every program.
#[test]
fn a_cleanup_is_shielded_and_can_have_a_timeout() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let in_cleanup = notes.clone();
    let op = time
        .operation()
        .timeout(secs(1))
        .finally(move |cx: Cx| async move {
            cx.sleep(secs(2)).await;
            assert_eq!(cx.check(), Ok(()));
            in_cleanup.note("said goodbye");
        })
        .finally_within(secs(5), |cx: Cx| async move { cx.sleep(secs(100)).await })
        .build();
    let result = time.block_on(op.run(async |cx| cx.sleep(secs(100)).await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(notes.take(), ["3s said goodbye"]);
    assert_eq!(time.now(), at(8));
    let context = op.context();
    assert_eq!(context.error(), Some("cleanup did not end within 5s"));
}

/// Trio, reference, `CancelScope.deadline`: can be changed at any time, earlier or later, while the block waits.
#[test]
fn a_deadline_can_be_moved_while_the_block_waits() {
    for (moved, ends) in [(at(2), at(2)), (at(20), at(10)), (at(7), at(7))] {
        let time = VirtualTime::new();
        let op = time.operation().deadline(at(5)).build();
        let handle = op.clone();
        later(&time, secs(1), move || assert!(handle.set_deadline(moved)));
        let result = time.block_on(op.run(async |cx| cx.sleep(secs(10)).await));
        assert_eq!(result.is_ok(), moved > at(10), "{moved:?}");
        assert_eq!(time.now(), ends, "{moved:?}");
    }
}

/// Trio, reference, `CancelScope.deadline`: one that is moved into the past cancels at once.
#[test]
fn a_deadline_moved_into_the_past_cancels_at_once() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(100)).build();
    let handle = op.clone();
    later(&time, secs(5), move || assert!(handle.set_deadline(at(2))));
    let result = time.block_on(op.run(async |cx| cx.sleep(secs(10)).await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time.now(), at(5));
}

/// Trio, reference, `CancelScope.deadline`: taken away again it limits nothing (infinity there, `None` here).
#[test]
fn a_deadline_can_be_taken_away_while_the_block_waits() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(5)).build();
    let handle = op.clone();
    later(&time, secs(1), move || assert!(handle.set_deadline(None)));
    let result = time.block_on(op.run(async |cx| cx.sleep(secs(50)).await));
    assert_eq!((result, time.now()), (Ok(()), at(50)));
}

/// Trio, reference, `CancelScope.deadline`: a deadline that is moved in the outer block reaches the inner ones.
#[test]
fn the_outer_deadline_moved_while_an_inner_block_waits_ends_both() {
    let time = VirtualTime::new();
    let outer = time.operation().timeout(secs(100)).build();
    let handle = outer.clone();
    later(&time, secs(1), move || assert!(handle.set_deadline(at(4))));
    let run = outer.run(async |cx| {
        let inner = cx.child().timeout(secs(50));
        inner.run(async |cx| cx.sleep(secs(60)).await).await
    });
    assert!(time.block_on(run).unwrap_err().is_from(&outer));
    assert_eq!(time.now(), at(4));
}

/// Trio, reference, `current_effective_deadline`: the earliest of all scopes around, as far as the next shield.
#[test]
fn the_effective_deadline_is_the_earliest_one_around_up_to_a_shield() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(5)).run(async |cx| {
        let inner = cx.child().timeout(secs(50));
        inner
            .run(async |cx| {
                assert_eq!(cx.deadline(), Some(at(5)));
                cx.shield(async |cx| assert_eq!(cx.deadline(), None)).await;
                let limited = cx.shield_within(secs(7), async |cx| cx.deadline());
                assert_eq!(limited.await, Ok(Some(at(7))));
            })
            .await
    });
    assert_eq!(time.block_on(run), Ok(Ok(())));
}

/// Trio, reference, checkpoints: a checkpoint lets the other tasks have their turn, and so does a sleep of zero.
#[test]
fn a_checkpoint_and_a_sleep_of_zero_let_others_have_their_turn() {
    for zero in [false, true] {
        let time = VirtualTime::new();
        let notes = Recorder::new();
        for who in ["a", "b"] {
            let notes = notes.clone();
            let run = time.operation().run(async move |cx| {
                for _ in 0..3 {
                    notes.note(who);
                    match zero {
                        true => cx.sleep(Duration::ZERO).await,
                        false => cx.checkpoint().await.unwrap(),
                    }
                }
            });
            time.spawn(async { run.await.unwrap() }).unwrap();
        }
        time.run_ready();
        assert_eq!(notes.take(), ["a", "b", "a", "b", "a", "b"], "{zero}");
        assert_eq!((time.pending_tasks(), time.now()), (0, at(0)));
    }
}

/// Trio, reference, checkpoints: a cancelled task is stopped at a checkpoint even if it has nothing to wait for.
#[test]
fn a_checkpoint_stops_a_cancelled_task_that_never_waits() {
    for zero in [false, true] {
        let time = VirtualTime::new();
        let op = time.operation().build();
        let mut turns = 0;
        let run = op.run(async |cx| {
            loop {
                turns += 1;
                if turns == 5 {
                    cx.cancel();
                }
                match zero {
                    true => cx.sleep(Duration::ZERO).await,
                    false => drop(cx.checkpoint().await),
                }
            }
        });
        let result: Result<(), Cancelled> = time.block_on(run);
        assert!(result.is_err());
        assert_eq!(turns, 5, "{zero}");
    }
}

/// Trio, reference, nurseries: the block does not end before all its tasks have.
#[test]
fn a_nursery_ends_after_its_last_task() {
    let time = VirtualTime::new();
    let run = time.operation().run_group(async |group| {
        for n in [1, 9, 4] {
            group.spawn(move |cx| async move { cx.sleep(secs(n)).await });
        }
        time.now()
    });
    assert_eq!(time.block_on(run), Ok(at(0)));
    assert_eq!((time.now(), time.pending_tasks()), (at(9), 0));
}

/// Trio, reference, nurseries: an error of a task cancels the body and all others, and comes out when they are over.
/// Here the first error comes out, and not a group of all: errors that came before the cancel are in the context.
#[test]
fn an_error_of_a_task_cancels_the_body_and_the_other_tasks_and_comes_out() {
    let time = VirtualTime::new();
    let notes = Recorder::on(&time);
    let in_cleanup = notes.clone();
    let nursery = time.operation().build();
    let run = nursery.run_group(async |group| {
        let other = group.child().finally(move |cx: Cx| async move {
            cx.sleep(secs(1)).await;
            in_cleanup.note("other closed");
        });
        group.spawn_as(other, |_| pending::<()>());
        let failing = group.child().name("failing");
        group.spawn_as(failing, |cx| async move {
            cx.sleep(secs(2)).await;
            Err::<(), _>("out of ink")
        });
        let _gone = notes.on_drop("body gone");
        pending::<()>().await;
    });
    let error = time.block_on(run).unwrap_err();
    assert_eq!(error.message(), Some("failing: out of ink"));
    assert_eq!(notes.take(), ["2s body gone", "3s other closed"]);
    // The cancelled task is no error: Trio leaves `Cancelled` out of the group of errors as well.
    let errors = nursery.context().task_errors().to_vec();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].name(), Some("failing"));
}

/// Trio, reference, nurseries: `nursery.cancel_scope.cancel()` ends all tasks, and the block ends without an error.
/// Here the cancel is the result: the caller has to learn that something was not done.
#[test]
fn a_cancelled_nursery_ends_all_its_tasks() {
    let time = VirtualTime::new();
    let nursery = time.operation().build();
    let run = nursery.run_group(async |group| {
        for _ in 0..3 {
            group.spawn(|_| pending::<()>());
        }
        group.cx().sleep(secs(1)).await;
        group.operation().cancel_with("enough");
        "the body has returned"
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!(why.message(), Some("enough"));
    assert_eq!((nursery.context().cut_off(), time.now()), (3, at(1)));
    assert_eq!(nursery.context().task_error_count(), 0);
}

/// Trio, reference, nurseries: a task is in the scopes around its nursery, and not in those around `start_soon`.
#[test]
fn a_task_is_under_the_limits_of_its_nursery_and_not_of_the_place_that_started_it() {
    let time = VirtualTime::new();
    let run = time.operation().timeout(secs(50)).run_group(async |group| {
        let block = group.cx().child().timeout(secs(1));
        let mut task = None;
        let started = block.run(async |cx| {
            task = Some(group.spawn(|cx| async move {
                assert_eq!(cx.deadline(), Some(at(50)));
                cx.sleep(secs(10)).await;
                "done"
            }));
            cx.cancel();
        });
        let _ = started.await;
        task.unwrap().await
    });
    assert_eq!(time.block_on(run), Ok(Ok("done")));
    assert_eq!(time.now(), at(10));
}

/// Trio, reference, threads: a thread is waited for, unless `abandon_on_cancel` is set.
/// Here it is the other way round: a closure is left alone, and waited for in a shield. It can ask whether it is cancelled.
#[test]
fn a_thread_is_waited_for_in_a_shield_and_can_ask_whether_it_is_cancelled() {
    let time = VirtualTime::new();
    let op = time.operation().build();
    let handle = op.clone();
    let mut in_thread = None;
    let run = op.run(async |cx| {
        let outside = cx.clone();
        let thread = cx.shield(async |cx| {
            let asked = cx.run_in_thread(move |cx| {
                handle.cancel();
                (outside.check().is_err(), cx.check())
            });
            asked.await
        });
        in_thread = Some(thread.await);
        cx.sleep(secs(1)).await;
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(in_thread, Some(Ok((true, Ok(())))));
}
