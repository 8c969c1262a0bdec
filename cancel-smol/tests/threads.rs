//! Threads and task groups on smol.

use cancel_smol::{
    Cancelable, Cancelled, On, Reason, Smol, Status, TaskGroup, current_id, generic,
};
use std::error::Error;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_blocking_body() {
    let op = Cancelable::with_timeout(SHORT).build();
    let error = op
        .try_run_blocking(|cx| cx.sleep_blocking(LONG))
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Timeout);
    assert!(op.context().duration() >= Some(SHORT));
}

#[test]
fn a_part_in_a_thread() {
    let op = Cancelable::with_timeout(LONG).build();
    let seen = Arc::new(AtomicBool::new(false));
    let in_thread = seen.clone();
    let task = smol::spawn(op.run(async move |cx| {
        let id = cx.id();
        let work = cx.run_in_thread(move |cx| {
            assert_eq!(current_id(), Some(id));
            assert!(cx.operation().set_timeout(SHORT)); // only now: a thread may take its time to begin
            in_thread.store(cx.sleep_blocking(LONG).is_err(), Ordering::SeqCst);
        });
        cx.shield_future(work).await
    }));
    // The shield made the body wait, so its value is there, and counts.
    assert_eq!(smol::block_on(task), Ok(Ok(())));
    assert!(seen.load(Ordering::SeqCst));
    assert_eq!(op.context().reason(), Some(Reason::Timeout));
}

#[test]
fn a_computation_with_checkpoints() {
    let op = Cancelable::with_timeout(SHORT);
    let result = smol::block_on(op.try_run(async |cx| -> Result<(), Cancelled> {
        loop {
            cx.checkpoint().await?;
        }
    }));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn a_group_on_the_global_executor() {
    let op = Cancelable::new();
    let task = smol::spawn(op.run_group(async |group: TaskGroup<Smol>| {
        let parts: Vec<_> = (1..=4u64)
            .map(|n| {
                group.spawn(move |cx| async move {
                    cx.sleep(Duration::from_millis(n)).await;
                    n
                })
            })
            .collect();
        let mut sum = 0;
        for part in parts {
            sum += part.await.unwrap();
        }
        sum
    }));
    assert_eq!(smol::block_on(task), Ok(10));
}

#[test]
fn the_first_failure_cancels_the_rest() {
    type AnyError = Box<dyn Error + Send + Sync>;
    let closed = Arc::new(AtomicUsize::new(0));
    let op = Cancelable::new().build();
    let run = op.try_run_group(async |group| -> Result<(), AnyError> {
        for _ in 0..3 {
            let closed = closed.clone();
            let child = group.child().finally(move |cx| async move {
                cx.sleep(SHORT).await;
                closed.fetch_add(1, Ordering::SeqCst);
            });
            group.spawn_as(child, |cx| async move { cx.sleep(LONG).await });
        }
        group.try_spawn(|_| async { Ok("no number".parse::<u32>()?) });
        pending().await
    });
    let error = smol::block_on(run).unwrap_err();
    assert!(error.is::<std::num::ParseIntError>());
    assert_eq!(closed.load(Ordering::SeqCst), 3);
    assert_eq!(op.context().error(), Some("invalid digit found in string"));
}

#[test]
fn an_executor_that_is_gone_is_an_error() {
    let executor = Arc::new(smol::Executor::new());
    let op = generic::Cancelable::on(On::new(&executor)).build();
    drop(executor);
    let run = op.run_group(async |group| {
        group.spawn(|_| async {});
        pending::<()>().await;
    });
    let why = smol::block_on(run).unwrap_err();
    assert_eq!(why.message(), Some("cannot spawn: the executor is gone"));
    assert_eq!(op.status(), Status::Failed);
}

#[test]
fn an_executor_that_goes_meanwhile_is_an_error() {
    let executor = Arc::new(smol::Executor::new());
    let op = generic::Cancelable::on(On::new(&executor));
    let run = op.run_group(async |group| {
        for _ in 0..3 {
            group.spawn(|cx| async move { cx.sleep(LONG).await });
        }
        smol::Timer::after(SHORT).await;
        drop(executor); // with its tasks, of which none has run
        pending::<()>().await;
    });
    let why = smol::block_on(run).unwrap_err();
    assert_eq!(why.reason(), Reason::Dropped);
    assert_eq!(why.message(), Some("the executor dropped the task"));
}

#[test]
fn many_tasks_on_several_threads() {
    let executor = Arc::new(smol::Executor::new());
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let gate = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (executor, stopped, gate) = (executor.clone(), stopped.clone(), gate.clone());
            thread::spawn(move || {
                gate.wait();
                let _ = smol::block_on(executor.run(stopped.recv()));
            })
        })
        .collect();
    gate.wait();
    for round in 0..100usize {
        let alive = Arc::new(());
        let op = generic::Cancelable::on(On::new(&executor));
        let run = op.try_run_group(async |group| -> Result<(), Cancelled> {
            for n in 0..50 {
                let alive = alive.clone();
                group.try_spawn(move |cx| async move {
                    let _alive = alive;
                    for _ in 0..n % 5 {
                        cx.checkpoint().await?;
                    }
                    if n == round {
                        cx.cancel_with((Reason::Custom(7), "odd one out"));
                        cx.check()?;
                    }
                    Ok(())
                });
            }
            Ok(())
        });
        let result = smol::block_on(run);
        assert_eq!(Arc::strong_count(&alive), 1); // nothing outlives it
        match round < 50 {
            true => assert_eq!(result.unwrap_err().reason(), Reason::Custom(7)),
            false => assert_eq!(result, Ok(())),
        }
    }
    drop(stop);
    for thread in threads {
        thread.join().unwrap();
    }
}
