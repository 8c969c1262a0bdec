//! What a group waits for, and what it leaves.

use crate::support::{LONG, Rt, SHORT};
use cancel_std::testing::VirtualTime;
use cancel_std::{
    Cancelable, Cancelled, Operation, Reason, Status, TaskGroup, block_on, current_id,
};
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

#[test]
fn outputs_come_in_any_order_that_one_asks_for() {
    let op = Cancelable::new().build();
    let outputs = block_on(op.run_group(async |group| {
        let tasks: Vec<_> = (0..10u64)
            .map(|n| {
                group.spawn(move |cx| async move {
                    cx.sleep(Duration::from_millis(10 - n)).await;
                    n
                })
            })
            .collect();
        let mut outputs = Vec::new();
        for task in tasks {
            outputs.push(task.await?);
        }
        Ok::<_, Cancelled>(outputs)
    }));
    assert_eq!(outputs.unwrap().unwrap(), (0..10).collect::<Vec<u64>>());
    assert_eq!(op.status(), Status::Completed);
    assert!(!op.is_cancelled());
}

#[test]
fn an_empty_group() {
    assert_eq!(block_on(Cancelable::new().run_group(async |_| 5)), Ok(5));
}

#[test]
fn it_waits_for_tasks_that_nobody_awaits() {
    let done = Arc::new(AtomicUsize::new(0));
    let run = Cancelable::new().run_group(async |group| {
        for _ in 0..10 {
            let done = done.clone();
            drop(group.spawn(|cx| async move {
                cx.sleep(SHORT).await;
                done.fetch_add(1, Ordering::SeqCst);
            }));
        }
        done.load(Ordering::SeqCst)
    });
    assert!(block_on(run).unwrap() < 10);
    assert_eq!(done.load(Ordering::SeqCst), 10);
    assert_eq!(Arc::strong_count(&done), 1); // nothing of them is left
}

#[test]
fn the_future_is_send() {
    let op = Cancelable::new().build();
    let task = smol::spawn(op.run_group(async |group| group.spawn(|_| async { 5 }).await));
    assert_eq!(smol::block_on(task), Ok(Ok(5)));
    let op = Cancelable::new();
    let task = smol::spawn(op.try_run_group(async |group| -> Result<u32, Cancelled> {
        group.try_spawn(|_| async { Ok(5) }).await
    }));
    assert_eq!(smol::block_on(task), Ok(5));
}

#[test]
fn tasks_are_operations_below_the_group() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let op = Cancelable::new()
        .on_progress(move |progress| log.lock().unwrap().push(progress.message().to_string()))
        .build();
    let id = op.id();
    let run = op.run_group(async |group| {
        assert_eq!(current_id(), Some(id));
        let task = group.spawn_as(group.child().name("part"), move |cx| async move {
            assert_eq!(cx.operation().context().parent_id(), Some(id));
            assert_eq!(current_id(), Some(cx.id()));
            cx.report_progress("from a task");
            cx.id()
        });
        let below = task.operation().clone();
        assert_eq!(below.context().name(), Some("part"));
        assert_eq!(task.await, Ok(below.id()));
    });
    assert_eq!(block_on(run), Ok(()));
    assert_eq!(*heard.lock().unwrap(), ["from a task"]);
}

#[test]
fn tasks_spawn_further_tasks() {
    fn grow(group: &TaskGroup<Rt>, depth: u32, leaves: &Arc<AtomicUsize>) {
        if depth == 0 {
            leaves.fetch_add(1, Ordering::SeqCst);
            return;
        }
        for _ in 0..2 {
            let (inner, leaves) = (group.clone(), leaves.clone());
            group.spawn(move |_| async move { grow(&inner, depth - 1, &leaves) });
        }
    }
    let leaves = Arc::new(AtomicUsize::new(0));
    let run = Rt::Threads
        .op()
        .run_group(async |group| grow(&group, 5, &leaves));
    assert_eq!(block_on(run), Ok(()));
    assert_eq!(leaves.load(Ordering::SeqCst), 32);
}

#[test]
fn cancelled_from_outside() {
    let parent = Cancelable::new().build();
    let op = Cancelable::new().parent(&parent).build();
    let (send, reasons) = mpsc::channel();
    let run = op.run_group(async |group| {
        for _ in 0..4 {
            let send = send.clone();
            let child = group.child().finally(move |cx| async move {
                cx.sleep(SHORT).await; // waited for, too
                let why = cx.operation().context().cause().unwrap().clone();
                send.send((why.root_reason(), why.message() == Some("closing")))
                    .unwrap();
            });
            group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
        }
        thread::spawn(move || parent.cancel_with((Reason::Shutdown, "closing")));
        pending::<()>().await;
    });
    let why = block_on(run).unwrap_err();
    assert_eq!(
        (why.reason(), why.root_reason()),
        (Reason::Parent, Reason::Shutdown)
    );
    assert_eq!(
        reasons.try_iter().collect::<Vec<_>>(),
        [(Reason::Shutdown, true); 4]
    );
    assert_eq!(op.status(), Status::Cancelled);
    assert_eq!(op.context().error(), None);
}

#[test]
fn a_timeout_of_the_group_ends_all_of_it() {
    let op = Cancelable::with_timeout(SHORT).build();
    let run = op.run_group(async |group| {
        group.spawn(|cx| async move { cx.sleep(LONG).await });
    });
    assert_eq!(block_on(run).unwrap_err().reason(), Reason::Timeout);
    assert_eq!(op.status(), Status::Cancelled);
}

#[test]
fn nothing_outlives_a_group_in_a_body_that_is_cancelled() {
    for wait_in_body in [true, false] {
        let ended = Arc::new(AtomicBool::new(false));
        let in_task = ended.clone();
        let time = VirtualTime::new();
        let op = time.operation().timeout(SHORT);
        let result = time.block_on(op.run(async |cx| {
            let nested = cx.child();
            let run = nested.run_group(async |group| {
                let child = group.child().finally(move |cx| async move {
                    cx.sleep(2 * SHORT).await;
                    in_task.store(true, Ordering::SeqCst);
                });
                group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
                if wait_in_body {
                    pending::<()>().await;
                }
            });
            drop(run.await);
            pending::<()>().await;
        }));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert!(ended.load(Ordering::SeqCst));
    }
}

#[test]
fn a_dropped_group_cancels_and_does_not_wait() {
    let (send, ended) = mpsc::channel();
    let op = Cancelable::new().build();
    let mut run = Box::pin(op.run_group(async |group| {
        let send = send.clone();
        group.spawn(|cx| async move {
            let on_end = cx.clone();
            // Dropped with the body, when that is cancelled.
            struct Tells(Operation, mpsc::Sender<Reason>);
            impl Drop for Tells {
                fn drop(&mut self) {
                    self.1
                        .send(self.0.context().cause().unwrap().root_reason())
                        .unwrap();
                }
            }
            let _tells = Tells(on_end.operation().clone(), send);
            cx.sleep(LONG).await;
        });
        pending::<()>().await;
    }));
    assert!(
        run.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(run);
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
    drop(send);
    // If its body has begun; either way the sender is gone in the end.
    let told = ended.recv_timeout(LONG);
    assert!(matches!(
        told,
        Ok(Reason::Dropped) | Err(mpsc::RecvTimeoutError::Disconnected)
    ));
}

#[test]
fn spawned_after_the_cancel() {
    let op = Cancelable::new().build();
    let run = op.run_group(async |group| {
        group.operation().cancel_with("enough");
        let task = group.spawn_value(|_| async { unreachable!("polled") });
        group
            .cx()
            .shield_future(async move {
                let result: Result<(), _> = task.await;
                assert_eq!(result.unwrap_err().message(), Some("enough"));
            })
            .await;
    });
    // The body ended by itself, and the task never began.
    assert_eq!(block_on(run).unwrap_err().message(), Some("enough"));
    assert_eq!(op.context().cut_off(), 1);
}

#[test]
fn spawned_after_the_end() {
    let op = Cancelable::new().build();
    let group = block_on(op.run_group(async |group| group.clone())).unwrap();
    let task = group.spawn_value(|_| async { unreachable!("polled") });
    let handle = task.operation().clone();
    let result: Result<(), _> = block_on(task);
    assert_eq!(
        result.unwrap_err().message(),
        Some("the task group is over")
    );
    assert!(handle.is_cancelled());
    assert_eq!((op.status(), group.running()), (Status::Completed, 0));
}

#[test]
fn one_task_can_be_cancelled_alone() {
    let run = Cancelable::new().run_group(async |group| {
        let not_needed = group.spawn(|cx| async move { cx.sleep(LONG).await });
        let needed = group.spawn(|cx| async move { cx.sleep(SHORT).await });
        not_needed.operation().cancel();
        assert_eq!(not_needed.await.unwrap_err().reason(), Reason::Manual);
        assert_eq!(needed.await, Ok(()));
        5
    });
    assert_eq!(block_on(run), Ok(5));
}

#[test]
fn what_has_ended_leaves_nothing_behind() {
    let held = Arc::new(());
    let run = Cancelable::new().run_group(async |group| {
        for _ in 0..5000 {
            let in_task = held.clone();
            let task = group.spawn(move |_| async move { in_task });
            drop(task.await.unwrap());
            assert!(group.running() <= 1);
        }
        Arc::strong_count(&held)
    });
    assert!(block_on(run).unwrap() <= 2);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn the_cleanup_of_the_group_comes_when_all_tasks_are_over() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let (in_cleanup, on_cancel) = (log.clone(), log.clone());
    let op = Cancelable::with_timeout(SHORT)
        .finally(move |_| async move { in_cleanup.lock().unwrap().push("cleanup") })
        .on_cancel(move |_| on_cancel.lock().unwrap().push("on_cancel"));
    let in_task = log.clone();
    let run = op.run_group(async |group| {
        let child = group.child().finally(move |cx| async move {
            cx.sleep(SHORT).await;
            in_task.lock().unwrap().push("task");
        });
        group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
    });
    assert!(block_on(run).is_err());
    assert_eq!(*log.lock().unwrap(), ["task", "cleanup", "on_cancel"]);
}

#[test]
fn a_second_run_is_refused() {
    let op = Cancelable::new().build();
    block_on(op.run(async |_| ())).unwrap();
    let result: Result<(), _> = block_on(op.run_group(async |_| unreachable!("called")));
    assert_eq!(
        result.unwrap_err().message(),
        Some("operation has already run")
    );
}

#[test]
fn cancelled_beforehand() {
    let op = Cancelable::with_timeout(Duration::ZERO);
    let result: Result<(), _> = block_on(op.run_group(async |_| unreachable!("called")));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn a_handle_moves_between_tasks() {
    let run = Cancelable::new().run_group(async |group| {
        let first = group.spawn(|cx| async move {
            cx.sleep(SHORT).await;
            5
        });
        group
            .spawn(move |_| async move { first.await.map(|n| n + 1) })
            .await
    });
    assert_eq!(block_on(run), Ok(Ok(6)));
    let op = Cancelable::new();
    let mut run = pin!(op.run_group(async |group| {
        let debug = format!("{group:?} {:?}", group.spawn(|_| async {}));
        assert!(
            debug.contains("TaskGroup") && debug.contains("GroupTask"),
            "{debug}"
        );
    }));
    block_on(run.as_mut()).unwrap();
}
