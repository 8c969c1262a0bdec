//! Tasks that [`SpawnLocal`] starts: they may hold what is not `Send`.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms, yield_now};
use alloc::rc::Rc;
use alloc::vec::Vec;
use cancel_core::{
    CancelFutureExt, CancelToken, DeadlineSource, Reason, Scope, SpawnLocal, Timer, Token,
};
use core::cell::Cell;
use core::future::{pending, poll_fn};
use core::task::Poll;

/// A task of the current thread waits for a token, and tells so with another one.
pub async fn a_local_task_waits_for_a_token<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal,
{
    let tokens = Rc::new((Token::new(), Token::new(), Token::new()));
    let task = Rc::clone(&tokens);
    let spawned = runtime.spawn_local(async move {
        task.0.cancel();
        let cancelled = task.1.cancelled().await;
        task.2.cancel_with(cancelled);
    });
    ensure!(spawned.is_ok());
    tokens.0.cancelled().await;
    tokens.1.cancel_with("enough");
    ensure!(tokens.2.cancelled().await.message() == Some("enough"));
    Ok(())
}

/// All of many local tasks run, on this thread.
pub async fn all_of_many_run<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal,
{
    let (left, done) = (Rc::new(Cell::new(32)), Rc::new(Token::new()));
    for _ in 0..32 {
        let (left, done) = (Rc::clone(&left), Rc::clone(&done));
        let spawned = runtime.spawn_local(async move {
            yield_now().await;
            left.set(left.get() - 1);
            if left.get() == 0 {
                done.cancel();
            }
        });
        ensure!(spawned.is_ok());
    }
    ensure!(done.cancelled().await.reason() == Reason::Manual);
    ensure!(left.get() == 0);
    Ok(())
}

/// A local task sleeps on the same clock, and is not early there either.
pub async fn a_local_task_sleeps<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal + Clone + 'static,
{
    let before = runtime.now();
    let (clock, done) = (runtime.clone(), Rc::new(Token::new()));
    let tells = Rc::clone(&done);
    let spawned = runtime.spawn_local(async move {
        let begins = clock.now();
        let slept = clock.sleep(ms(3)).await.is_ok();
        let kept = slept && begins >= before && clock.now() >= begins + ms(3);
        tells.cancel_with(Reason::Custom(u16::from(kept)));
    });
    ensure!(spawned.is_ok());
    ensure!(done.cancelled().await.reason() == Reason::Custom(1));
    Ok(())
}

/// A deadline here ends all local tasks under its token.
pub async fn a_deadline_ends_all_local_tasks<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal + Clone + 'static,
{
    let stop = CancelToken::new();
    let mut ended = Vec::new();
    for _ in 0..8 {
        let tells = Rc::new(Token::new());
        ended.push(Rc::clone(&tells));
        let long = runtime.sleep(HOUR).until_cancelled_owned(stop.child());
        let spawned = runtime.spawn_local(async move {
            if let Err(cancelled) = long.await {
                tells.cancel_with(cancelled);
            }
        });
        ensure!(spawned.is_ok());
    }
    let late = DeadlineSource::new(runtime.sleep(ms(4)));
    let result = Scope::new(&*stop, pending::<()>()).source(late).await;
    ensure!(result.is_err());
    for token in ended {
        ensure!(token.cancelled().await.reason() == Reason::Timeout);
    }
    Ok(())
}

/// A local task goes on when the one that started it is over, and is not dropped with it.
pub async fn a_local_task_outlives_who_started_it<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal + Clone + 'static,
{
    let (gone, done) = (CancelToken::new(), CancelToken::new());
    let (leaves, tells, inner) = (gone.clone().drop_guard(), done.clone(), runtime.clone());
    let (waits, refuses) = (gone.clone(), done.clone());
    let spawned = runtime.spawn_local(async move {
        let _leaves = leaves;
        let sleep = inner.sleep(ms(3));
        let spawned = inner.spawn_local(async move {
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

/// A local task that waits does not hold up one that was started later.
pub async fn a_waiting_local_task_holds_up_nobody<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal,
{
    let tokens = Rc::new((Token::new(), Token::new(), Token::new()));
    let first = Rc::clone(&tokens);
    let spawned = runtime.spawn_local(async move {
        first.0.cancelled().await;
        first.1.cancel();
    });
    ensure!(spawned.is_ok());
    let second = Rc::clone(&tokens);
    let spawned = runtime.spawn_local(async move {
        second.2.cancel();
    });
    ensure!(spawned.is_ok());
    ensure!(tokens.2.cancelled().await.reason() == Reason::Manual);
    ensure!(!tokens.1.is_cancelled());
    tokens.0.cancel();
    ensure!(tokens.1.cancelled().await.reason() == Reason::Manual);
    Ok(())
}

/// A local task that is over is dropped, with all that it holds.
pub async fn a_local_task_that_is_over_is_dropped<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal,
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
    ensure!(runtime.spawn_local(task).is_ok());
    ensure!(gone.cancelled().await.reason() == Reason::Dropped);
    Ok(())
}
