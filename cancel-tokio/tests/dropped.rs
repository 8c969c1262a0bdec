//! Runs that tokio drops: `select!`, `timeout`, abort, shutdown.

use cancel_tokio::{
    CancelToken, Cancelable, Context, Operation, Reason, Registry, Spawn, Status, Tokio,
};
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// An operation that says how it ended.
fn watched() -> (Operation, mpsc::Receiver<Context>) {
    let (send, ended) = mpsc::channel();
    let op = Cancelable::new()
        .on_cancel(move |context| send.send(context.clone()).unwrap())
        .build();
    (op, ended)
}

#[track_caller]
fn assert_dropped(op: &Operation, ended: &mpsc::Receiver<Context>) {
    let context = ended.try_recv().unwrap();
    assert_eq!(context.reason(), Some(Reason::Dropped));
    assert_eq!(context.id(), op.id());
    assert!(ended.try_recv().is_err()); // once
    assert_eq!(op.status(), Status::Cancelled);
    assert!(op.token().is_cancelled());
}

#[tokio::test]
async fn the_loser_of_a_select() {
    let (op, ended) = watched();
    let child = op.token().child();
    tokio::select! {
        _ = op.run(async |_| pending::<()>().await) => unreachable!(),
        () = tokio::time::sleep(SHORT) => (),
    }
    assert_dropped(&op, &ended);
    assert_eq!(child.cause().unwrap().root_reason(), Reason::Dropped);
}

#[tokio::test(start_paused = true)] // no time passes while something is ready
async fn one_that_goes_on_after_a_select() {
    let (op, ended) = watched();
    let mut run = std::pin::pin!(op.run(async |cx| {
        cx.sleep(SHORT).await;
        5
    }));
    tokio::select! {
        biased;
        _ = &mut run => unreachable!(),
        () = tokio::task::yield_now() => (),
    }
    assert_eq!(op.status(), Status::Running);
    assert_eq!(run.await, Ok(5));
    assert!(ended.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn tokios_own_timeout() {
    let (op, ended) = watched();
    let run = op.run(async |cx| cx.sleep(LONG).await);
    assert!(tokio::time::timeout(SHORT, run).await.is_err());
    assert_dropped(&op, &ended);
    assert_eq!(ended.try_recv().ok().map(|_| ()), None);

    // The other way round, ours around theirs, the operation knows that it was a timeout.
    let op = Cancelable::with_timeout(SHORT);
    let run = op.run(async |_| tokio::time::timeout(LONG, pending::<()>()).await);
    assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
}

#[tokio::test]
async fn an_abort_and_a_join_set() {
    let (op, ended) = watched();
    let task = tokio::spawn(op.run(async |_| pending::<()>().await));
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_dropped(&op, &ended);

    let registry = Registry::new();
    let mut set = JoinSet::new();
    let all: Vec<_> = (0..10)
        .map(|_| {
            let (op, ended) = watched();
            op.register(&registry);
            set.spawn(op.run(async |_| pending::<()>().await));
            (op, ended)
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(registry.len(), 10);
    set.shutdown().await;
    for (op, ended) in &all {
        assert_dropped(op, ended);
    }
    assert!(registry.is_empty());
}

#[tokio::test]
async fn a_group_that_is_aborted_takes_its_tasks_along() {
    let held = Arc::new(());
    let op = Cancelable::new().build();
    let inside = held.clone();
    let task = tokio::spawn(op.run_group(async move |group| {
        for _ in 0..10 {
            let held = inside.clone();
            group.spawn(move |cx| async move {
                let _held = held;
                cx.sleep(LONG).await;
            });
        }
        pending::<()>().await;
    }));
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.is_err());
    // They are cancelled, and end when they are polled next.
    while Arc::strong_count(&held) > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(op.context().reason(), Some(Reason::Dropped));
}

#[test]
fn a_runtime_that_is_shut_down() {
    for flavour in [Builder::new_current_thread, Builder::new_multi_thread] as [fn() -> Builder; 2]
    {
        let runtime = flavour().enable_time().build().unwrap();
        let (op, ended) = watched();
        let (started, has_started) = mpsc::channel();
        let child = op.token().child();
        let run = op.run(async move |cx| {
            started.send(()).unwrap();
            cx.sleep(LONG).await;
        });
        runtime.spawn(run);
        runtime.block_on(tokio::task::yield_now());
        runtime
            .block_on(runtime.spawn_blocking(move || has_started.recv()))
            .unwrap()
            .unwrap();
        drop(runtime);
        assert_dropped(&op, &ended);
        assert!(child.is_cancelled());
    }
}

/// What is spawned while the runtime goes, from the end of an operation, is refused.
#[test]
fn spawning_in_the_shutdown() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let (send, refused) = mpsc::channel();
    let op = Cancelable::new().on_cancel(move |_| {
        let held = Arc::new(());
        let inside = held.clone();
        let result = Tokio.spawn(async move { drop(inside) });
        send.send((result.is_err(), Arc::strong_count(&held)))
            .unwrap();
    });
    runtime.spawn(op.run(async |_| pending::<()>().await));
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    assert_eq!(refused.recv(), Ok((true, 1)));
}

#[tokio::test]
async fn a_guard_in_a_future_that_is_dropped() {
    let stop = CancelToken::new();
    let guard = stop.clone().drop_guard();
    let handler = tokio::spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let work = tokio::spawn(Cancelable::with_token(&stop).run(async |_| pending::<()>().await));
    handler.abort();
    let cancelled = work.await.unwrap().unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Dropped);
}

/// Nothing has begun then. A guard tells those who wait for the token.
#[tokio::test]
async fn a_task_that_is_aborted_before_its_first_poll() {
    let op = Cancelable::new().build();
    let task = tokio::spawn(op.clone().run(async |_| unreachable!()));
    task.abort();
    let result: Result<Result<(), _>, _> = task.await;
    assert!(result.is_err());
    assert!(!op.is_cancelled());

    let guard = op.token().clone().drop_guard();
    let run = op.clone().run(async |_| unreachable!());
    let task = tokio::spawn(async move {
        let _guard = guard;
        run.await
    });
    task.abort();
    let result: Result<Result<(), _>, _> = task.await;
    assert!(result.is_err());
    assert_eq!(op.token().cause().unwrap().reason(), Reason::Dropped);
}
