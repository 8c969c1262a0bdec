//! Virtual time: tokio's paused clock.

use cancel_tokio::{
    Cancelable, Cancelled, Condition, On, Reason, Runtime, Source, Status, TimeoutExt, Timer,
    Tokio, generic, run_in_blocking_pool,
};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, advance, pause};

const HOUR: Duration = Duration::from_secs(3600);

/// Since when, as exactly as virtual time is.
async fn took<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    (work.await, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_exact() {
    let op = Cancelable::with_timeout(HOUR).build();
    let (result, time) = took(op.run(async |cx| cx.sleep(Duration::MAX).await)).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time, HOUR);
    assert_eq!(op.context().duration(), Some(HOUR));

    let (result, time) = took(pending::<()>().timeout(&Tokio, HOUR * 24 * 365)).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time, HOUR * 24 * 365);
}

#[tokio::test(start_paused = true)]
async fn the_earliest_counts() {
    let op = Cancelable::any([
        Source::timeout(HOUR * 2),
        Source::future_with(|op: &cancel_tokio::Cx| {
            let op = op.clone();
            async move {
                op.sleep(HOUR).await;
                "an hour is enough"
            }
        }),
    ])
    .build();
    let run = op.run(async |cx| {
        let mut steps = 0;
        while cx.check().is_ok() {
            cx.sleep(HOUR / 12 * 5).await;
            steps += 1;
            cx.progress(steps, 100);
        }
    });
    let (result, time) = took(run).await;
    assert_eq!(result.unwrap_err().message(), Some("an hour is enough"));
    assert_eq!(time, HOUR);
    assert_eq!(op.context().progress().unwrap().current(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn cleanup_grace_and_shield_take_their_time() {
    let op = Cancelable::with_timeout(HOUR)
        .grace(HOUR)
        .finally(|cx| async move { cx.sleep(HOUR).await });
    let run = op.run(async |cx| {
        cx.shield_future(cx.sleep(HOUR * 2)).await;
        pending::<()>().await;
    });
    let (result, time) = took(run).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    // The shield outlasts the grace period; then the cleanup.
    assert_eq!(time, HOUR * 3);
}

#[tokio::test(start_paused = true)]
async fn tasks_share_it() {
    let run = Cancelable::with_timeout(HOUR).run_group(async |group| {
        for n in 1..=10 {
            group.spawn(move |cx| async move { cx.sleep(HOUR / 10 * n).await });
        }
        group.spawn(|cx| async move { cx.sleep(HOUR * 2).await });
    });
    let (result, time) = took(run).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Timeout);
    assert_eq!(time, HOUR);
}

#[tokio::test(start_paused = true)]
async fn checks_see_it() {
    let op = Cancelable::with_timeout(HOUR);
    let run = op.try_run(async |cx| -> Result<(), Cancelled> {
        cx.check()?;
        assert_eq!(cx.remaining(), Some(HOUR));
        advance(HOUR).await;
        cx.check()
    });
    assert_eq!(run.await.unwrap_err().reason(), Reason::Timeout);
}

#[tokio::test]
async fn it_may_be_paused_later() {
    let before = Tokio.now();
    pause();
    let paused = Tokio.now();
    assert!(before <= paused);
    advance(HOUR).await;
    assert_eq!(Tokio.now(), paused + HOUR);
}

/// Two clocks in one process.
#[test]
fn each_runtime_has_its_own() {
    let build = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    let (one, other) = (build(), build());
    let on = On::new(one.handle());
    let before = on.now();
    one.block_on(advance(HOUR));
    assert_eq!(on.now(), before + HOUR);
    assert_eq!(one.block_on(async { Tokio.now() }), before + HOUR);
    assert!(other.block_on(async { Tokio.now() }) < before + HOUR);
    assert!(Tokio.now() < before + HOUR); // the system's

    // By handle, also inside of another one.
    let op = generic::Cancelable::on(on).timeout(HOUR);
    let run = op.run(async |cx| cx.remaining());
    assert_eq!(other.block_on(run), Ok(Some(HOUR)));
}

/// A clock that was stopped before anybody asked for the time is behind the epoch's real time.
#[test]
fn a_clock_that_lags_is_exact_too() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    std::thread::sleep(Duration::from_millis(5));
    let _ = Tokio.now(); // real
    runtime.block_on(async {
        let now = Tokio.now();
        let ((), time) = took(async { Tokio.sleep(Duration::from_millis(1)).await.unwrap() }).await;
        assert_eq!(time, Duration::from_millis(1));
        assert_eq!(Tokio.now(), now + Duration::from_millis(1));
        let op = generic::Cancelable::on(On::new(&Handle::current())).timeout(HOUR);
        let (result, time) = took(op.run(async |_| pending::<()>().await)).await;
        assert!(result.is_err());
        assert_eq!(time, HOUR);
    });
}

/// Polls `future`, and says so each time when it is pending: the runtime has nothing else to do then.
async fn told<F: Future>(future: F, idle: Sender<()>) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let poll = future.as_mut().poll(cx);
        if poll.is_pending() {
            let _ = idle.send(());
        }
        poll
    })
    .await
}

/// Works until long after the runtime had nothing else to do.
fn work(idle: &Receiver<()>) {
    idle.recv().unwrap();
    for _ in 0..2 {
        thread::yield_now();
    }
}

const ROUNDS: usize = 200;

/// Tokio counts in milliseconds.
const SLACK: Duration = Duration::from_millis(5);

/// X23, on both runtimes.
#[test]
fn x23_work_on_a_thread_holds_a_paused_clock() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    let on = On::new(runtime.handle());
    for _ in 0..ROUNDS {
        runtime.block_on(in_a_thread(Tokio));
        runtime.block_on(in_a_thread(on.clone()));
        runtime.block_on(a_predicate(Tokio));
        runtime.block_on(a_predicate(on.clone()));
        runtime.block_on(a_blocking_body(on.clone()));
    }
}

async fn in_a_thread<R: Runtime>(runtime: R) {
    let (tell, idle) = channel();
    let op = generic::Cancelable::on(runtime).timeout(HOUR).build();
    let run = op.run(async |cx| {
        cx.run_in_thread(move |_| {
            work(&idle);
            Handle::current(); // does not panic
            Instant::now()
        })
        .await
    });
    let before = Instant::now();
    let (result, time) = took(told(run, tell)).await;
    assert_eq!(result, Ok(Ok(before)));
    assert_eq!(time, Duration::ZERO);
    assert_eq!(op.status(), Status::Completed);
}

async fn a_predicate<R: Runtime>(runtime: R) {
    let (tell, idle) = channel();
    let mut left = 3;
    let predicate = move || {
        work(&idle);
        left -= 1;
        left == 0
    };
    let condition = Condition::new(predicate, HOUR / 4).unwrap();
    let op = generic::Cancelable::on(runtime)
        .timeout(HOUR)
        .source(condition);
    let run = op.run(async |_| pending::<()>().await);
    let (result, time) = took(told(run, tell)).await;
    assert_eq!(result.unwrap_err().reason(), Reason::Condition);
    assert!(time >= HOUR / 2 && time < HOUR / 2 + SLACK);
}

async fn a_blocking_body(on: On) {
    let (tell, idle) = channel();
    let (begun, has_begun) = channel();
    let op = generic::Cancelable::on(on).timeout(HOUR).build();
    let handle = op.clone();
    let thread = thread::spawn(move || {
        op.run_blocking(|cx| {
            begun.send(()).unwrap();
            work(&idle);
            cx.check()
        })
    });
    has_begun.recv().unwrap();
    told(tokio::time::sleep(HOUR * 2), tell).await;
    assert_eq!(thread.join().unwrap(), Ok(Ok(())));
    assert_eq!(handle.context().duration(), Some(Duration::ZERO));
    assert_eq!(handle.context().reason(), None);
}

/// X23: a blocking sleep takes virtual time, in a part on a thread and in a blocking body; so does the cleanup
/// of that.
#[test]
fn x23_blocking_sleeps_take_virtual_time() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().unwrap();
    let on = On::new(runtime.handle());
    for _ in 0..ROUNDS {
        runtime.block_on(async {
            let op = Cancelable::with_timeout(HOUR * 2);
            let run = op.run(async |cx| cx.run_in_thread(|cx| cx.sleep_blocking(HOUR)).await);
            let (result, time) = took(run).await;
            assert_eq!(result, Ok(Ok(Ok(()))));
            assert!(time >= HOUR && time < HOUR + SLACK);

            let op = generic::Cancelable::on(on.clone())
                .timeout(HOUR * 3)
                .finally(|cx| async move { cx.sleep(HOUR).await })
                .build();
            let (send, ended) = tokio::sync::oneshot::channel();
            let (handle, until) = (op.clone(), Instant::now() + HOUR * 4);
            let thread = thread::spawn(move || {
                let slept = op.run_blocking(|cx| {
                    send.send(()).unwrap();
                    cx.sleep_blocking(HOUR)
                });
                assert_eq!(slept, Ok(Ok(())));
            });
            ended.await.unwrap();
            tokio::time::sleep_until(until).await;
            thread.join().unwrap();
            let duration = handle.context().duration().unwrap();
            assert!(duration >= HOUR * 2 && duration < HOUR * 2 + SLACK);
        });
    }
}

/// X23: so it was with tokio's own way.
#[tokio::test(start_paused = true)]
async fn x23_the_blocking_pool_holds_a_paused_clock() {
    for _ in 0..ROUNDS {
        let (tell, idle) = channel();
        let op = Cancelable::with_timeout(HOUR);
        let run = op.run(async |cx| run_in_blocking_pool(cx, move |_| work(&idle)).await);
        let (result, time) = took(told(run, tell)).await;
        assert_eq!((result, time), (Ok(Ok(())), Duration::ZERO));
    }
}

#[test]
fn its_dates_are_those_of_the_wall_clock() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let day = Duration::from_secs(24 * 3600); // whoever sets the clock meanwhile
    for on in [true, false] {
        let op = Cancelable::new().build();
        let context = match on {
            true => {
                let op = cancel_tokio::generic::Cancelable::on(On::new(runtime.handle())).build();
                runtime.block_on(op.run(async |_| ())).unwrap();
                op.context()
            }
            false => {
                runtime.block_on(op.run(async |_| ())).unwrap();
                op.context()
            }
        };
        let (at, now) = (context.ended_at().unwrap(), std::time::SystemTime::now());
        assert!(now - day < at && at < now + day, "{at:?}, {now:?}");
    }
}
