//! Virtual time: tokio's paused clock.

use cancel_tokio::{Cancelable, Cancelled, On, Reason, Source, TimeoutExt, Timer, Tokio, generic};
use std::future::pending;
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
        cx.shield(cx.sleep(HOUR * 2)).await;
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
