//! Operations on smol.

use cancel_smol::{
    CancelToken, Cancelable, Cancelled, Condition, Instant, On, Reason, Smol, Spawn, Timer, generic,
};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_timeout() {
    let op = Cancelable::with_timeout(SHORT).build();
    let result = smol::block_on(op.run(async |_| pending::<()>().await));
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert!(op.context().duration() >= Some(SHORT));
}

#[test]
fn many_tasks_under_one_token() {
    let stop = CancelToken::new();
    let tasks: Vec<_> = (0..100)
        .map(|_| smol::spawn(Cancelable::with_token(&stop).run(async |cx| cx.sleep(LONG).await)))
        .collect();
    let canceller = std::thread::spawn(move || stop.cancel_with("all"));
    for task in tasks {
        assert_eq!(smol::block_on(task).unwrap_err().message(), Some("all"));
    }
    assert!(canceller.join().unwrap());
}

#[test]
fn sleeps_keep_their_promise() {
    smol::block_on(async {
        for duration in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
            let deadline = Smol.now() + duration;
            Smol.sleep(duration).await.unwrap();
            assert!(Smol.now() >= deadline);
        }
        Smol.sleep_until(Instant::EPOCH).await.unwrap();
    });
}

/// X7: sleeps of no length, and the shortest interval of a condition, on async-io's timers.
#[test]
fn x7_what_is_over_at_once_gives_way() {
    const MANY: usize = 10_000;
    let rounds = AtomicUsize::new(0);
    // Relaxed: one thread.
    let count = |rounds: &AtomicUsize| {
        let before = rounds.fetch_add(1, Ordering::Relaxed);
        assert!(before < MANY, "one poll that never returns");
    };
    for short in [Duration::ZERO, Duration::from_nanos(1)] {
        let op = Cancelable::new().build();
        let mut run = pin!(op.run(async |cx| {
            loop {
                cx.sleep(short).await;
                count(&rounds);
            }
        }));
        let mut cx = Context::from_waker(Waker::noop());
        for _poll in 0..50 {
            let before = rounds.load(Ordering::Relaxed);
            assert!(run.as_mut().poll(&mut cx).is_pending());
            assert!(rounds.load(Ordering::Relaxed) - before <= 1);
        }
        op.cancel();
        assert!(run.as_mut().poll(&mut cx).is_ready());
    }

    let checks = Arc::new(AtomicUsize::new(0));
    let in_check = checks.clone();
    let predicate = move || {
        count(&in_check);
        std::future::ready(false)
    };
    let condition = Condition::new_async(predicate, Duration::from_nanos(1)).unwrap();
    let op = Cancelable::new().source(condition).build();
    let mut run = pin!(op.run(async |_| pending::<()>().await));
    let mut cx = Context::from_waker(Waker::noop());
    for _poll in 0..50 {
        let before = checks.load(Ordering::Relaxed);
        assert!(run.as_mut().poll(&mut cx).is_pending());
        assert!(checks.load(Ordering::Relaxed) - before <= 1);
    }
    op.cancel();
    assert!(run.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn the_longest_sleeps_do_not_end() {
    smol::block_on(async {
        for long in [
            Duration::MAX,
            Duration::from_secs(u64::MAX),
            LONG * 24 * 365 * 500,
        ] {
            let mut sleeps = [
                pin!(Smol.sleep(long)),
                pin!(Smol.sleep_until(Instant::EPOCH + long)),
            ];
            poll_fn(|cx| {
                for sleep in &mut sleeps {
                    assert!(sleep.as_mut().poll(cx).is_pending());
                }
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(
            Cancelable::with_timeout(Duration::MAX)
                .run(async |_| 5)
                .await,
            Ok(5)
        );
    });
}

#[test]
fn an_executor_of_ones_own() {
    let executor = Arc::new(smol::Executor::new());
    let runtime = On::new(&executor);
    let (send, receive) = mpsc::channel();
    runtime.spawn(async move { send.send(5).unwrap() }).unwrap();
    assert!(receive.try_recv().is_err()); // nobody runs it yet
    let op = generic::Cancelable::on(runtime).timeout(SHORT).build();
    let parent = op.clone();
    let task = executor.spawn(op.run(async move |cx| {
        let child = parent.child();
        cx.runtime()
            .spawn(async move { drop(child.run(async |cx| cx.sleep(LONG).await).await) })?;
        cx.sleep(LONG).await;
        Ok::<(), cancel_smol::SpawnError>(())
    }));
    let cancelled = smol::block_on(executor.run(task)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Timeout);
    assert_eq!(receive.recv(), Ok(5));
}

#[test]
fn a_plain_thread_waits_for_an_operation() {
    let op = Cancelable::with_timeout(SHORT).build();
    let handle = op.clone();
    let thread = std::thread::spawn(move || handle.token().wait());
    let result: Result<(), Cancelled> = smol::block_on(op.run(async |_| pending().await));
    assert_eq!(thread.join().unwrap(), result.unwrap_err());
}

#[test]
fn a_runtime_does_not_keep_its_executor() {
    let executor = Arc::new(smol::Executor::new());
    let weak = Arc::downgrade(&executor);
    let op = generic::Cancelable::on(On::new(&executor)).build();
    let run = op.run(async |_| pending::<()>().await);
    let task = async { drop(run.await) };
    executor.spawn(task).detach();
    executor.try_tick();
    let runtime = op.runtime().clone();
    drop(op);
    drop(executor);
    assert!(weak.upgrade().is_none());
    let held = Arc::new(());
    let in_task = held.clone();
    let refused = runtime.spawn(async move { drop(in_task) }).unwrap_err();
    assert_eq!(refused.description(), "the executor is gone");
    assert_eq!(Arc::strong_count(&held), 1);
    smol::block_on(runtime.sleep(SHORT)).unwrap();
}

#[test]
fn an_executor_that_is_always_there() {
    static EXECUTOR: smol::Executor<'static> = smol::Executor::new();
    let (send, receive) = mpsc::channel();
    let op = generic::Cancelable::on(On::from_static(&EXECUTOR));
    let run = op.run(async |cx| {
        let task = async move { send.send(5).unwrap() };
        cx.runtime().clone().spawn(task).unwrap();
        smol::future::yield_now().await;
    });
    smol::block_on(EXECUTOR.run(run)).unwrap();
    while EXECUTOR.try_tick() {}
    assert_eq!(receive.recv(), Ok(5));
}

#[test]
fn a_sleep_repeats_its_result() {
    smol::block_on(async {
        let mut sleep = pin!(Smol.sleep(SHORT));
        sleep.as_mut().await.unwrap();
        poll_fn(|cx| {
            assert_eq!(sleep.as_mut().poll(cx), Poll::Ready(Ok(())));
            Poll::Ready(())
        })
        .await;
    });
}
