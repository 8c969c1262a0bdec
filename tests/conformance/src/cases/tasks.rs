//! Tasks that [`Spawn`] starts.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms, poll_once, yield_now};
use alloc::boxed::Box;
use alloc::vec::Vec;
use cancel_core::{CancelFutureExt, CancelToken, DeadlineSource, Reason, Scope, Spawn, Timer};
use core::future::{pending, poll_fn};
use core::task::Poll;

/// A task ends with its token, and tells so with another one.
pub async fn a_task_waits_for_a_token<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let (begun, stop, gone) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let (begins, waits, tells) = (begun.clone(), stop.clone(), gone.clone());
    let spawned = runtime.spawn(async move {
        begins.cancel();
        let cancelled = waits.cancelled().await;
        tells.cancel_with(cancelled);
    });
    ensure!(spawned.is_ok());
    begun.cancelled().await;
    stop.cancel_with("enough");
    ensure!(gone.cancelled().await.message() == Some("enough"));
    Ok(())
}

/// All of many tasks run.
pub async fn all_of_many_tasks_run<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let done: Vec<_> = (0..32).map(|_| CancelToken::new()).collect();
    let all = CancelToken::all(&done);
    for token in done {
        let spawned = runtime.spawn(async move {
            yield_now().await;
            token.cancel_with(Reason::Custom(7));
        });
        ensure!(spawned.is_ok());
    }
    ensure!(all.cancelled().await.reason() == Reason::Custom(7));
    Ok(())
}

/// A deadline in one task cancels the token of several others, wherever they run.
pub async fn a_deadline_ends_all_tasks<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let stop = CancelToken::new();
    let mut ended = Vec::new();
    for _ in 0..8 {
        let (child, tells) = (stop.child(), CancelToken::new());
        ended.push(tells.clone());
        let long = runtime.sleep(HOUR).until_cancelled_owned(child);
        let spawned = runtime.spawn(async move {
            if let Err(cancelled) = long.await {
                tells.cancel_with(cancelled);
            }
        });
        ensure!(spawned.is_ok());
    }
    let deadline = runtime.now() + ms(4);
    let late = DeadlineSource::new(runtime.sleep_until(deadline));
    let result = Scope::new(&*stop, pending::<()>()).source(late).await;
    ensure!(result.is_err());
    for token in ended {
        ensure!(token.cancelled().await.reason() == Reason::Timeout);
    }
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// Two tasks that wake each other in turn come to an end.
pub async fn tasks_wake_one_another<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let balls: Vec<_> = (0..=20).map(|_| CancelToken::new()).collect();
    for player in 0..2 {
        let balls = balls.clone();
        let spawned = runtime.spawn(async move {
            for turn in (player..20).step_by(2) {
                balls[turn].cancelled().await;
                balls[turn + 1].cancel_with(Reason::Custom(1));
            }
        });
        ensure!(spawned.is_ok());
    }
    balls[0].cancel();
    ensure!(balls[20].cancelled().await.reason() == Reason::Custom(1));
    Ok(())
}

/// A task sleeps on the same clock, and is not early there either.
pub async fn a_task_sleeps<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let before = runtime.now();
    let (clock, tells) = (runtime.clone(), CancelToken::new());
    let done = tells.clone();
    let spawned = runtime.spawn(async move {
        let begins = clock.now();
        let slept = clock.sleep(ms(3)).await.is_ok();
        let kept = slept && begins >= before && clock.now() >= begins + ms(3);
        tells.cancel_with(Reason::Custom(u16::from(kept)));
    });
    ensure!(spawned.is_ok());
    ensure!(done.cancelled().await.reason() == Reason::Custom(1));
    ensure!(runtime.now() >= before + ms(3));
    Ok(())
}

/// A task goes on when the one that started it is over.
pub async fn a_task_outlives_who_started_it<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let (gone, done) = (CancelToken::new(), CancelToken::new());
    let (leaves, tells, inner) = (gone.clone().drop_guard(), done.clone(), runtime.clone());
    let (waits, refuses) = (gone.clone(), done.clone());
    let spawned = runtime.spawn(async move {
        let _leaves = leaves;
        let sleep = inner.sleep(ms(3));
        let spawned = inner.spawn(async move {
            waits.cancelled().await;
            let slept = sleep.await.is_ok();
            tells.cancel_with(Reason::Custom(u16::from(slept)));
        });
        if spawned.is_err() {
            refuses.cancel_with(Reason::Error);
        }
    });
    ensure!(spawned.is_ok());
    ensure!(done.cancelled().await.reason() == Reason::Custom(1));
    ensure!(gone.cancelled().await.reason() == Reason::Dropped);
    Ok(())
}

/// A task that is over is dropped, with all that it holds.
pub async fn a_task_that_is_over_is_dropped<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let gone = CancelToken::new();
    let guard = gone.clone().drop_guard();
    // (Not an async block: that would let go of the guard when it ends.)
    let mut polled = false;
    let task = poll_fn(move |cx| {
        let _held = &guard;
        cx.waker().wake_by_ref();
        match core::mem::replace(&mut polled, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    });
    ensure!(runtime.spawn(task).is_ok());
    ensure!(gone.cancelled().await.reason() == Reason::Dropped);
    Ok(())
}

/// A task that waits does not hold up one that was started later.
pub async fn a_waiting_task_holds_up_nobody<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let (stop, first, second) = (CancelToken::new(), CancelToken::new(), CancelToken::new());
    let (waits, tells) = (stop.clone(), first.clone());
    let spawned = runtime.spawn(async move {
        waits.cancelled().await;
        tells.cancel();
    });
    ensure!(spawned.is_ok());
    let tells = second.clone();
    let spawned = runtime.spawn(async move {
        tells.cancel();
    });
    ensure!(spawned.is_ok());
    ensure!(second.cancelled().await.reason() == Reason::Manual);
    ensure!(!first.is_cancelled());
    stop.cancel();
    ensure!(first.cancelled().await.reason() == Reason::Manual);
    Ok(())
}

/// A task that wakes itself while it is polled is polled again.
pub async fn a_task_may_wake_itself<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let done = CancelToken::new();
    let tells = done.clone();
    let spawned = runtime.spawn(async move {
        for _ in 0..20 {
            yield_now().await;
        }
        tells.cancel_with(Reason::Custom(20));
    });
    ensure!(spawned.is_ok());
    ensure!(done.cancelled().await.reason() == Reason::Custom(20));
    Ok(())
}

/// A sleep that was polled in one task goes on in another, and wakes that one.
pub async fn a_sleep_goes_on_in_another_task<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let deadline = runtime.now() + ms(5);
    let mut sleep = Box::pin(runtime.sleep_until(deadline));
    let first = poll_once(sleep.as_mut()).await;
    let (clock, tells) = (runtime.clone(), CancelToken::new());
    let done = tells.clone();
    let spawned = runtime.spawn(async move {
        let slept = crate::tools::finish(first, sleep.as_mut()).await.is_ok();
        let kept = slept && clock.now() >= deadline;
        tells.cancel_with(Reason::Custom(u16::from(kept)));
    });
    ensure!(spawned.is_ok());
    ensure!(done.cancelled().await.reason() == Reason::Custom(1));
    Ok(())
}
