//! What a group does with its body and its tasks when it is cancelled, and what it says of that.

use cancel_std::testing::VirtualTime;
use cancel_std::{CancelToken, Cancelled, Instant, Reason, Status, TaskGroup, generic};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

type Cx = generic::Cx<VirtualTime>;
type Operation = generic::Operation<VirtualTime>;

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn at(secs: u64) -> Instant {
    Instant::EPOCH + Duration::from_secs(secs)
}

/// A connection that ends by itself `secs` after it was asked to.
async fn polite(cx: Cx, secs: u64) {
    cx.cancelled().await;
    let runtime = cx.runtime().clone();
    cancel_std::Timer::sleep(&runtime, Duration::from_secs(secs))
        .await
        .unwrap();
}

/// A server that is asked to stop after 10 s, and has two seconds for that.
fn server(time: &VirtualTime) -> Operation {
    time.operation().timeout(secs(10)).grace(secs(2)).build()
}

#[test]
fn x45_the_body_stops_at_once_and_the_tasks_have_the_grace_period() {
    let time = VirtualTime::new();
    let op = server(&time);
    let (rounds, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (seen, in_task) = (rounds.clone(), ended.clone());
    let run = op.run_group(async |group| {
        loop {
            let ended = in_task.clone();
            group.spawn(|cx| async move {
                polite(cx, 1).await;
                ended.fetch_add(1, Ordering::SeqCst);
            });
            seen.fetch_add(1, Ordering::SeqCst); // accepted one
            let mut second = std::pin::pin!(cancel_std::Timer::sleep(&time, secs(4)));
            second.as_mut().await.unwrap();
        }
    });
    let why = time.block_on(run).unwrap_err();
    assert_eq!(why.reason(), Reason::Timeout);
    assert_eq!(time.now(), at(11)); // and not 12, when the body would have accepted once more
    assert_eq!(
        (rounds.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)),
        (3, 3)
    );
    assert_eq!((op.context().cut_off(), time.pending_tasks()), (0, 0));
}

#[test]
fn x45_the_body_accepts_nothing_after_the_cancel() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(2)).build();
    let (send, connections) = smol::channel::unbounded();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let mut run = Box::pin(op.run_group(async |group| {
        group.spawn(|cx| polite(cx, 1));
        while let Ok(()) = connections.recv().await {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }));
    let waker = cancel_std::testing::TestWaker::counting();
    send.try_send(()).unwrap();
    assert!(waker.poll(run.as_mut()).is_pending());
    time.run_ready(); // the task begins
    // The cancel, and then a connection, before the group has a turn.
    op.cancel();
    send.try_send(()).unwrap();
    assert!(time.block_on(run).is_err());
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    assert_eq!(time.now(), at(1));
}

#[test]
fn x45_a_shield_in_the_body_is_waited_for() {
    let time = VirtualTime::new();
    let op = server(&time);
    let run = op.run_group(async |group| {
        let clock = time.clone();
        let shielded = async move {
            cancel_std::Timer::sleep(&clock, secs(11)).await.unwrap();
            5
        };
        let five = group.cx().shield_future(shielded).await;
        pending::<()>().await;
        five
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(time.now(), at(11));
}

#[test]
fn x45_without_grace_all_ends_at_once() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(10)).build();
    let run = op.run_group(async |group| {
        group.spawn(|cx| polite(cx, 1));
        pending::<()>().await;
    });
    assert!(time.block_on(run).is_err());
    assert_eq!((time.now(), op.context().cut_off()), (at(10), 1));
}

#[test]
fn x45_the_grace_of_the_group_is_not_for_limits_of_a_task() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(100)).each_for_itself().build();
    let run = op.run_group(async |group| {
        let hasty = group.child().timeout(secs(1));
        let why = group
            .spawn_as(hasty, |cx| polite(cx, 50))
            .await
            .unwrap_err();
        (why.reason(), time.now())
    });
    assert_eq!(time.block_on(run), Ok((Reason::Timeout, at(1))));
    // One of its own is.
    let op = time.operation().grace(secs(100)).build();
    let run = op.run_group(async |group| {
        let own = group.child().timeout(secs(1)).grace(secs(10));
        let ended = group.spawn_as(own, |cx| polite(cx, 5)).await;
        (ended, time.now())
    });
    assert_eq!(time.block_on(run), Ok((Ok(()), at(7))));
}

#[test]
fn x45_a_failure_gives_the_others_the_grace_period() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(2)).build();
    let run = op.run_group(async |group| {
        group.spawn(|cx| polite(cx, 1));
        group.spawn(|cx| polite(cx, 5));
        group.spawn(|cx| async move {
            cx.sleep(secs(1)).await;
            Err::<(), _>("out of ink")
        });
        pending::<()>().await;
    });
    assert_eq!(
        time.block_on(run).unwrap_err().message(),
        Some("out of ink")
    );
    assert_eq!((time.now(), op.context().cut_off()), (at(3), 1));
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn x45_a_body_that_fails_gives_the_tasks_the_grace_period() {
    let time = VirtualTime::new();
    let op = time.operation().grace(secs(2)).build();
    let run = op.try_run_group(async |group| -> Result<(), Box<dyn std::error::Error>> {
        group.spawn(|cx| polite(cx, 1));
        group.cx().sleep(secs(1)).await;
        Err("no more connections".into())
    });
    assert_eq!(
        time.block_on(run).unwrap_err().to_string(),
        "no more connections"
    );
    assert_eq!((time.now(), op.context().cut_off()), (at(2), 0));
}

/// What the body does about the cancelation at 10 s.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    ReturnsBefore,
    ReturnsAfter,
    IsDropped,
}

/// What the task does that comes to its end in time, or not.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Task {
    EndsBefore,
    EndsInTime,
    FailsInTime,
    StopsInTime,
    IsCutOff,
    Fails,
}

/// The result, the status, how many were cut off, and when it was over.
type End = (Result<u32, Cancelled>, Status, usize, Instant);

fn ends(body: Body, tasks: &[Task], grace: u64) -> End {
    let time = VirtualTime::new();
    let op = time
        .operation()
        .timeout(secs(10))
        .grace(secs(grace))
        .build();
    let run = op.run_group(async |group: TaskGroup<VirtualTime>| {
        for &task in tasks {
            group.spawn(move |cx| async move {
                match task {
                    Task::EndsBefore => return Ok(()),
                    Task::IsCutOff => return pending().await,
                    Task::Fails => {
                        cx.sleep(secs(5)).await;
                        return Err(Box::<dyn std::error::Error + Send + Sync>::from("torn"));
                    }
                    _ => polite(cx.clone(), 1).await,
                }
                match task {
                    Task::FailsInTime => Err("torn".into()),
                    Task::StopsInTime => Ok(cx.check()?),
                    _ => Ok(()),
                }
            });
        }
        match body {
            Body::ReturnsBefore => 5,
            Body::ReturnsAfter => {
                let asked = async { drop(group.operation().cancelled().await) };
                group.cx().shield_future(asked).await;
                5
            }
            Body::IsDropped => pending().await,
        }
    });
    let result = time.block_on(run);
    assert_eq!((time.pending_tasks(), time.pending_timers()), (0, 0));
    (result, op.status(), op.context().cut_off(), time.now())
}

/// The table of `run_group`, cell by cell.
#[test]
fn x15_the_result_says_whether_work_was_cut_off_and_how_much() {
    for body in [Body::ReturnsBefore, Body::ReturnsAfter, Body::IsDropped] {
        let check = |tasks: &[Task], completed: bool, cut_off: usize, over: u64| {
            let (result, status, count, now) = ends(body, tasks, 2);
            let what = format!("{body:?}, {tasks:?}: {result:?}");
            let completed = completed && body != Body::IsDropped;
            match &result {
                Ok(value) => assert!(completed && *value == 5, "{what}"),
                Err(why) => assert!(!completed && why.reason() == Reason::Timeout, "{what}"),
            }
            let expected = match completed {
                true => Status::Completed,
                false => Status::Cancelled,
            };
            assert_eq!(
                (status, count, now),
                (expected, cut_off, at(over)),
                "{what}"
            );
        };
        check(&[Task::EndsInTime], true, 0, 11);
        check(&[Task::EndsInTime, Task::EndsBefore], true, 0, 11);
        check(&[Task::IsCutOff], false, 1, 12);
        check(
            &[Task::IsCutOff, Task::EndsInTime, Task::IsCutOff],
            false,
            2,
            12,
        );
        check(&[Task::FailsInTime], false, 0, 11);
        check(&[Task::StopsInTime], false, 0, 11);
        // A failure before the cancelation goes before all of that.
        let (result, status, cut_off, now) = ends(body, &[Task::Fails, Task::IsCutOff], 2);
        assert_eq!(result.unwrap_err().message(), Some("torn"));
        assert_eq!((status, cut_off, now), (Status::Failed, 1, at(7)));
    }
}

#[test]
fn x15_without_a_grace_period() {
    let (result, status, cut_off, _) = ends(Body::ReturnsBefore, &[Task::EndsInTime], 0);
    assert_eq!(
        (result.is_err(), status, cut_off),
        (true, Status::Cancelled, 1)
    );
    let (result, status, cut_off, _) = ends(Body::ReturnsBefore, &[Task::EndsBefore], 0);
    assert_eq!((result, status, cut_off), (Ok(5), Status::Completed, 0)); // it was over before
}

#[test]
fn x15_a_task_that_is_cancelled_alone_is_not_cut_off() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(10)).build();
    let run = op.run_group(async |group| {
        let alone = group.spawn(|_| pending::<()>());
        alone.operation().cancel();
        group.spawn(|_| pending::<()>());
    });
    assert!(time.block_on(run).is_err());
    assert_eq!(op.context().cut_off(), 1);
}

/// Also if it says so itself.
#[test]
fn x15_a_task_that_is_cancelled_alone_and_returns_that_is_not_cut_off() {
    let time = VirtualTime::new();
    let op = time.operation().timeout(secs(10)).build();
    let run = op.run_group(async |group| {
        let alone = group.child().grace(secs(100));
        let alone = group.spawn_as(alone, |cx| async move {
            cx.cancelled().await;
            // Longer than the group goes on, of which it is a second request.
            cx.shield(async |cx| cx.sleep(secs(20)).await).await;
            cx.check()
        });
        group.cx().sleep(secs(1)).await;
        alone.operation().cancel();
    });
    assert_eq!(time.block_on(run), Ok(()));
    assert_eq!((op.context().cut_off(), time.now()), (0, at(21)));
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
}

/// A token that group and task follow both cancels the task with the group, and not alone.
#[test]
fn x15_a_task_that_follows_the_token_of_its_group_is_cut_off() {
    for also_the_task in [false, true] {
        let time = VirtualTime::new();
        let stop = CancelToken::new();
        let op = time.operation().token(&stop).build();
        let (handle, clock) = (stop.clone(), time.clone());
        let run = op.run_group(async |group| {
            let child = match also_the_task {
                true => group.child().token(&stop),
                false => group.child(),
            };
            group.spawn_as(child, |_| pending::<()>());
            group.spawn(|_| async move {
                cancel_std::Timer::sleep(&clock, secs(1)).await.unwrap();
                handle.cancel();
            });
        });
        assert!(time.block_on(run).is_err(), "{also_the_task}");
        assert_eq!(op.context().cut_off(), 1, "{also_the_task}");
        assert_eq!(op.status(), Status::Cancelled, "{also_the_task}");
    }
}

#[test]
fn x15_an_error_after_the_cancel_is_listed() {
    let time = VirtualTime::new();
    let op = server(&time);
    let run = op.run_group(async |group| {
        group.spawn_as(group.child().name("disk"), |cx| async move {
            polite(cx, 1).await;
            Err::<(), _>("cannot be written")
        });
        group.spawn(|cx| async move {
            polite(cx.clone(), 1).await;
            cx.check() // says only that it was cancelled
        });
    });
    assert_eq!(time.block_on(run).unwrap_err().reason(), Reason::Timeout);
    let context = op.context();
    let texts: Vec<_> = context
        .task_errors()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(texts, ["disk: cannot be written"]);
}

#[test]
fn a_second_request_ends_the_grace_period_of_the_group() {
    let time = VirtualTime::new();
    let second = CancelToken::new();
    let op = time
        .operation()
        .token(&second)
        .timeout(secs(10))
        .grace(secs(100))
        .build();
    let (handle, clock) = (op.clone(), time.clone());
    let run = op.run_group(async |group| {
        group.spawn(|_| pending::<()>());
        group.spawn(move |cx| async move {
            cx.cancelled().await;
            cancel_std::Timer::sleep(&clock, secs(1)).await.unwrap();
            handle.force();
            pending::<()>().await;
        });
    });
    assert!(time.block_on(run).is_err());
    assert_eq!((time.now(), op.context().cut_off()), (at(11), 2));
}
