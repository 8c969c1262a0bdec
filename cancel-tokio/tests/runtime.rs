//! What a runtime does, and what is said where there is none.

use cancel_tokio::{
    CancelToken, Cancelable, Cancelled, Instant, On, Reason, Spawn, SpawnError, SpawnLocal, Status,
    TaskGroup, Timer, TimerError, Tokio, generic,
};
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::LocalSet;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// Both flavours.
fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_time().build().unwrap(),
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap(),
    ]
}

/// A value and who holds it: whether a future is gone.
fn held() -> (Arc<()>, Arc<()>) {
    let held = Arc::new(());
    (held.clone(), held)
}

#[test]
fn a_timeout() {
    for runtime in runtimes() {
        let op = Cancelable::with_timeout(SHORT).build();
        let result = runtime.block_on(op.run(async |_| pending::<()>().await));
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert!(op.context().duration() >= Some(SHORT));
    }
}

#[test]
fn many_tasks_under_one_token() {
    for runtime in runtimes() {
        let stop = CancelToken::new();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let op = Cancelable::with_token(&stop);
                runtime.spawn(op.run(async |cx| cx.sleep(LONG).await))
            })
            .collect();
        let canceller = thread::spawn(move || stop.cancel_with("all"));
        for task in tasks {
            let result = runtime.block_on(task).unwrap();
            assert_eq!(result.unwrap_err().message(), Some("all"));
        }
        assert!(canceller.join().unwrap());
    }
}

#[test]
fn a_group() {
    for runtime in runtimes() {
        let op = Cancelable::new();
        let run = op.run_group(async |group: TaskGroup<Tokio>| {
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
        });
        assert_eq!(runtime.block_on(run), Ok(10));
    }
}

#[tokio::test]
async fn sleeps_keep_their_promise() {
    for duration in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
        let deadline = Tokio.now() + duration;
        Tokio.sleep(duration).await.unwrap();
        assert!(Tokio.now() >= deadline);
    }
    Tokio.sleep_until(Instant::EPOCH).await.unwrap();
    let mut sleep = pin!(Tokio.sleep(SHORT));
    sleep.as_mut().await.unwrap();
    sleep.await.unwrap(); // repeats its result
}

#[tokio::test]
async fn the_longest_sleeps_do_not_end() {
    for long in [
        Duration::MAX,
        Duration::from_secs(u64::MAX),
        LONG * 24 * 365 * 500,
    ] {
        let mut sleeps = [
            pin!(Tokio.sleep(long)),
            pin!(Tokio.sleep_until(Instant::EPOCH + long)),
        ];
        poll_fn(|cx| {
            for sleep in &mut sleeps {
                assert!(sleep.as_mut().poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
    }
    let op = Cancelable::with_timeout(Duration::MAX);
    assert_eq!(op.run(async |_| 5).await, Ok(5));
}

#[test]
fn the_runtime_may_come_after_the_sleep() {
    let sleep = Tokio.sleep(SHORT);
    let run = Cancelable::with_timeout(SHORT).run(async |_| pending::<()>().await);
    let [runtime, _] = runtimes();
    runtime.block_on(sleep).unwrap();
    assert_eq!(runtime.block_on(run).unwrap_err().reason(), Reason::Timeout);
}

#[test]
fn without_a_runtime_there_are_errors() {
    let (watched, held) = held();
    let refused = Tokio.spawn(async move { drop(held) }).unwrap_err();
    assert_eq!(
        refused,
        SpawnError::new("there is no tokio runtime on this thread")
    );
    assert_eq!(Arc::strong_count(&watched), 1);
    let (watched, held) = self::held();
    assert!(Tokio.spawn_local(async move { drop(held) }).is_err());
    assert_eq!(Arc::strong_count(&watched), 1);

    let none = TimerError::new("there is no tokio runtime on this thread");
    assert_eq!(smol::block_on(Tokio.sleep(LONG)), Err(none));
    assert_eq!(smol::block_on(Tokio.sleep(Duration::ZERO)), Ok(())); // for that none is needed

    let op = Cancelable::with_timeout(LONG);
    let cancelled = smol::block_on(op.run(async |_| pending::<()>().await)).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    let group = Cancelable::new().run_group(async |group| {
        group.spawn(|_| async {});
        pending::<()>().await;
    });
    let why = smol::block_on(group).unwrap_err();
    assert_eq!(
        why.message(),
        Some("cannot spawn: there is no tokio runtime on this thread")
    );
}

#[test]
fn a_runtime_without_timers_is_an_error() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let none = TimerError::new("the tokio runtime was built without `enable_time`");
    assert_eq!(
        runtime.block_on(async { Tokio.sleep(LONG).await }),
        Err(none)
    );
    assert_eq!(runtime.block_on(Tokio.sleep(LONG)), Err(none));
    assert_eq!(
        smol::block_on(On::new(runtime.handle()).sleep(LONG)),
        Err(none)
    );
    let op = Cancelable::with_timeout(LONG);
    let cancelled = runtime
        .block_on(op.run(async |_| pending::<()>().await))
        .unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Error);
    // What needs no timer works.
    assert_eq!(runtime.block_on(Cancelable::new().run(async |_| 5)), Ok(5));
}

#[test]
fn a_runtime_that_is_gone_is_an_error() {
    for runtime in runtimes() {
        let on = On::new(runtime.handle());
        let waiting = on.sleep(LONG);
        let mut waiting = pin!(waiting);
        smol::block_on(poll_fn(|cx| {
            assert!(waiting.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }));
        runtime.shutdown_background();

        let gone = TimerError::new("the tokio runtime is shut down");
        assert_eq!(smol::block_on(waiting), Err(gone));
        assert_eq!(smol::block_on(on.sleep(SHORT)), Err(gone));
        let (watched, held) = held();
        let refused = on.spawn(async move { drop(held) }).unwrap_err();
        assert_eq!(refused.description(), "the tokio runtime is shut down");
        assert_eq!(Arc::strong_count(&watched), 1);
    }
}

/// One that ends at once is not one that was refused.
#[test]
fn short_tasks_are_taken() {
    for runtime in runtimes() {
        let on = On::new(runtime.handle());
        let (send, receive) = mpsc::channel();
        for n in 0..1000 {
            let send = send.clone();
            on.spawn(async move { send.send(n).unwrap() }).unwrap();
        }
        on.spawn(async { panic!("reported by the panic hook") })
            .unwrap();
        drop(send);
        runtime.block_on(tokio::task::yield_now());
        let receive = runtime.spawn_blocking(move || receive.into_iter().sum::<i32>());
        assert_eq!(runtime.block_on(receive).unwrap(), 999 * 500);
    }
}

#[test]
fn a_handle_works_from_anywhere() {
    for runtime in runtimes() {
        let op = generic::Cancelable::on(On::new(runtime.handle()))
            .timeout(SHORT)
            .build();
        let handle = op.clone();
        let run = op.run(async move |cx| {
            let child = handle.child();
            cx.runtime().spawn(async move {
                drop(child.run(async |cx| cx.sleep(LONG).await).await);
            })?;
            cx.sleep(LONG).await;
            Ok::<(), SpawnError>(())
        });
        // The timers of a current-thread runtime need somebody who runs it.
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let runner = thread::spawn(move || runtime.block_on(stopped).unwrap());
        let cancelled = smol::block_on(run).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Timeout);
        stop.send(()).unwrap();
        runner.join().unwrap();
    }
}

/// Where tokio's thread-locals are gone, a panic would end the process.
#[test]
fn the_very_end_of_a_thread() {
    struct AtEnd(On, mpsc::Sender<bool>);

    impl Drop for AtEnd {
        fn drop(&mut self) {
            let began = Tokio.now();
            let sleep = self.0.sleep(SHORT);
            let none = smol::block_on(sleep).is_err();
            let later = self.0.now() >= began;
            let spawned = self.0.spawn(async {}).is_ok();
            self.1.send(none && later && spawned).unwrap();
        }
    }

    thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });

    for runtime in runtimes() {
        let on = On::new(runtime.handle());
        let (send, done) = mpsc::channel();
        let thread = thread::spawn(move || {
            // Registered first, dropped last.
            AT_END.set(Some(AtEnd(on.clone(), send)));
            on.now();
        });
        assert_eq!(done.recv(), Ok(true));
        thread.join().unwrap();
    }
}

#[test]
fn blocking_bodies_work_by_handle() {
    let [_, runtime] = runtimes();
    let op = generic::Cancelable::on(On::new(runtime.handle()))
        .timeout(SHORT)
        .build();
    let error = op
        .try_run_blocking(|cx| cx.sleep_blocking(LONG))
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Timeout);
    let op = generic::Cancelable::on(On::new(runtime.handle())).build();
    let run = op.run(async |cx| cx.run_in_thread(|cx| cx.sleep_blocking(SHORT)).await);
    assert_eq!(runtime.block_on(run), Ok(Ok(Ok(()))));

    // Those of tokio's pool know their runtime.
    let slept = runtime.spawn_blocking(|| {
        let op = Cancelable::with_timeout(SHORT);
        op.try_run_blocking(|cx| cx.sleep_blocking(LONG))
    });
    let error = runtime.block_on(slept).unwrap().unwrap_err();
    assert_eq!(error.reason(), Reason::Timeout);

    // Threads that are not tokio's know of none by themselves.
    let op = Cancelable::new().build();
    let slept = thread::spawn(move || op.within(|cx| cx.sleep_blocking(SHORT)));
    let error = slept.join().unwrap().unwrap_err();
    assert_eq!(error.reason(), Reason::Error);
}

#[test]
fn x62_work_on_threads_is_inside_the_runtime() {
    for runtime in runtimes() {
        let id = runtime.handle().id();
        let predicate = move || Handle::current().id() == id;
        let op = Cancelable::with_condition(predicate, LONG).unwrap();
        let run = op.run(async |_| pending::<()>().await);
        let cancelled = runtime.block_on(run).unwrap_err();
        assert_eq!(cancelled.reason(), Reason::Condition);

        let op = Cancelable::new();
        let run = op.run(async |cx| {
            cx.run_in_thread(|cx| (Handle::current().id(), cx.sleep_blocking(SHORT)))
                .await
        });
        assert_eq!(runtime.block_on(run), Ok(Ok((id, Ok(())))));
    }
}

#[test]
fn work_for_a_runtime_that_is_gone_says_so() {
    let [_, runtime] = runtimes();
    let op = generic::Cancelable::on(On::new(runtime.handle())).build();
    drop(runtime);
    let held = Arc::new(());
    let in_work = held.clone();
    let work = op.within(|cx| cx.run_in_thread(move |_| drop(in_work)));
    let cancelled = smol::block_on(work).unwrap_err();
    assert_eq!(cancelled.reason(), Reason::Dropped);
    assert_eq!(cancelled.message(), Some("the runtime dropped the call"));
    assert_eq!(Arc::strong_count(&held), 1);
    assert_eq!(op.run_blocking(|_| 5), Ok(5));
}

#[test]
fn a_plain_thread_waits_for_an_operation() {
    for runtime in runtimes() {
        let op = Cancelable::with_timeout(SHORT).build();
        let handle = op.clone();
        let thread = thread::spawn(move || handle.token().wait());
        let result: Result<(), Cancelled> = runtime.block_on(op.run(async |_| pending().await));
        assert_eq!(thread.join().unwrap(), result.unwrap_err());
    }
}

#[tokio::test]
async fn tasks_that_stay_on_their_thread() {
    let tasks = LocalSet::new();
    let (send, receive) = mpsc::channel();
    let body = async move {
        let value = Rc::new(5);
        let op = Cancelable::with_timeout(SHORT);
        let run = op.run(async move |cx| {
            cx.sleep(LONG).await;
            drop(value); // not `Send`, and neither is the run
        });
        Tokio.spawn_local(async move { send.send(run.await).unwrap() })
    };
    tasks.run_until(body).await.unwrap();
    tasks.await;
    assert_eq!(
        receive.recv().unwrap().unwrap_err().reason(),
        Reason::Timeout
    );

    let (watched, held) = held();
    let refused = Tokio.spawn_local(async move { drop(held) }).unwrap_err();
    assert_eq!(
        refused.description(),
        "there is no `LocalSet` on this thread"
    );
    assert_eq!(Arc::strong_count(&watched), 1);
}

/// A body that uses up tokio's budget at each poll leaves none for the timer beside it.
#[test]
fn a_busy_body_has_its_timeout() {
    for runtime in runtimes() {
        let op = Cancelable::with_timeout(SHORT).build();
        let run = op.run(async |_| {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        });
        let task = runtime.spawn(run);
        // (Whose own timers are not starved, in another task.)
        let bound = async { tokio::time::timeout(Duration::from_secs(60), task).await };
        let result: Result<(), Cancelled> = runtime.block_on(bound).expect("in time").unwrap();
        assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
        assert_eq!(op.status(), Status::Cancelled);
    }
}

/// Sleeps of no length are ready at once, but not without end.
#[test]
fn a_body_of_empty_sleeps_has_its_timeout_and_starves_nobody() {
    for timeout in [SHORT, LONG] {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let op = Cancelable::with_timeout(timeout).build();
        let other = op.clone();
        let run = op.run(async |cx| -> () {
            loop {
                cx.sleep(Duration::ZERO).await;
            }
        });
        let (send, ended) = mpsc::channel();
        // (On a thread of its own: it would never come back.)
        thread::spawn(move || {
            let both = async move {
                if timeout == LONG {
                    tokio::spawn(async move { other.cancel() });
                }
                run.await
            };
            send.send(runtime.block_on(both)).unwrap();
        });
        let bound = Duration::from_secs(60);
        let reason = ended.recv_timeout(bound).unwrap().unwrap_err().reason();
        match timeout {
            LONG => assert_eq!(reason, Reason::Manual),
            _ => assert_eq!(reason, Reason::Timeout),
        }
    }
}

/// A deadline that is over before it is asked for gives way no more than once.
#[tokio::test]
async fn a_sleep_that_is_over_is_heard_without_any_budget() {
    let mut sleep = pin!(Tokio.sleep(Duration::ZERO));
    let mut turns = 0;
    poll_fn(|cx| {
        turns += 1;
        assert!(turns < 10);
        while pin!(tokio::task::coop::consume_budget())
            .poll(cx)
            .is_ready()
        {}
        sleep.as_mut().poll(cx)
    })
    .await
    .unwrap();
    assert_eq!(turns, 2);
}

#[tokio::test]
async fn what_has_no_time_at_all_does_not_begin_without_any_budget() {
    let run = Cancelable::with_timeout(Duration::ZERO).run(async |_| -> () { unreachable!() });
    let mut run = pin!(run);
    let result = poll_fn(|cx| {
        while pin!(tokio::task::coop::consume_budget())
            .poll(cx)
            .is_ready()
        {}
        run.as_mut().poll(cx)
    });
    assert_eq!(result.await.unwrap_err().reason(), Reason::Timeout);
}

#[tokio::test(flavor = "current_thread")]
async fn e3_local_tasks_of_a_group() {
    let local = tokio::task::LocalSet::new();
    let counter = std::rc::Rc::new(std::cell::Cell::new(0));
    let run = Cancelable::new().run_group(async |group| {
        for n in 1..=4 {
            let counter = counter.clone();
            group.spawn_local(move |cx| async move {
                cx.sleep(Duration::from_millis(1)).await;
                counter.set(counter.get() + n);
            });
        }
    });
    assert_eq!(local.run_until(run).await, Ok(()));
    assert_eq!(counter.get(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn x24_a_group_waits_for_closures_in_the_pool_of_tokio() {
    let (begin, begun) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let ends = over.clone();
    let op = Cancelable::new().build();
    let handle = op.clone();
    let run = op.run_group(async |group| {
        group.spawn(|cx| async move {
            let closure = move |_: &_| {
                begin.send(()).unwrap();
                let _ = released.recv();
                ends.store(true, std::sync::atomic::Ordering::SeqCst);
            };
            let _ = cancel_tokio::run_in_blocking_pool(&cx, closure).await;
        });
        begun.await.unwrap();
        group.operation().cancel();
        std::future::pending::<()>().await;
    });
    let releases = std::thread::spawn(move || {
        while handle.context().cut_off() == 0 {
            std::thread::yield_now();
        }
        release.send(()).unwrap();
    });
    assert!(run.await.is_err());
    assert!(over.load(std::sync::atomic::Ordering::SeqCst));
    releases.join().unwrap();
}
