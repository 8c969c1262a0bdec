//! Callbacks: code that runs when a token is cancelled.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::ms;
use crate::tools::wakes::{Wakes, waker};
use cancel_core::{CancelToken, Reason, Timer};
use core::future::Future;
use core::pin::pin;
use core::task::Context;
use portable_atomic::{AtomicU32, Ordering::SeqCst};
use portable_atomic_util::Arc;

/// They run in the order in which they were registered, once, and before the cancel returns.
pub async fn they_run_in_order<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let digits = Arc::new(AtomicU32::new(0));
    let add = |digit: u32| {
        let digits = Arc::clone(&digits);
        token.on_cancel(move |_| digits.store(digits.load(SeqCst) * 10 + digit, SeqCst))
    };
    let _all = [add(1), add(2), add(3)];
    ensure!(digits.load(SeqCst) == 0);
    token.cancel();
    ensure!(digits.load(SeqCst) == 123);
    token.cancel();
    ensure!(digits.load(SeqCst) == 123);
    Ok(())
}

/// One that is registered with a cancelled token runs at once, and knows the cause.
pub async fn one_that_comes_late_runs_at_once<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    token.cancel_with(Reason::Shutdown);
    let ran = Arc::new(AtomicU32::new(0));
    let runs = Arc::clone(&ran);
    let _registration = token.on_cancel(move |why| {
        runs.fetch_add(1 + u32::from(why.reason() == Reason::Shutdown), SeqCst);
    });
    ensure!(ran.load(SeqCst) == 2);
    Ok(())
}

/// One whose registration was dropped does not run, and what it holds is dropped.
pub async fn a_dropped_one_does_not_run<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let ran = Arc::new(AtomicU32::new(0));
    let runs = Arc::clone(&ran);
    let registration = token.on_cancel(move |_| runs.store(1, SeqCst));
    drop(registration);
    ensure!(Arc::strong_count(&ran) == 1);
    token.cancel();
    ensure!(ran.load(SeqCst) == 0);
    Ok(())
}

/// Those who wait are woken before the callbacks run.
pub async fn wakers_come_first<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let (wakes, seen) = (Wakes::new(), Arc::new(AtomicU32::new(0)));
    let (woken, sees) = (Arc::clone(&wakes), Arc::clone(&seen));
    let _registration = token.on_cancel(move |_| {
        sees.store(1 + u32::from(woken.count() == 1), SeqCst);
    });
    let waker = waker(&wakes);
    let mut wait = pin!(token.cancelled());
    let first = wait.as_mut().poll(&mut Context::from_waker(&waker));
    ensure!(first.is_pending());
    token.cancel();
    ensure!(seen.load(SeqCst) == 2);
    Ok(())
}

/// A callback may use its token and any other: cancel, register, make children.
pub async fn one_may_use_any_token<R: Timer>(_: &R) -> Outcome {
    let (token, other) = (CancelToken::new(), CancelToken::new());
    let ran = Arc::new(AtomicU32::new(0));
    let (runs, own, cancels) = (Arc::clone(&ran), token.clone(), other.clone());
    let _registration = token.on_cancel(move |why| {
        let child = own.child();
        let late = Arc::clone(&runs);
        let _nested = own.on_cancel(move |_| {
            late.fetch_add(1, SeqCst);
        });
        cancels.cancel_with(why.clone());
        let live = own.cancel() || !child.is_cancelled();
        runs.fetch_add(if live { 100 } else { 1 }, SeqCst);
    });
    token.cancel_with(Reason::Condition);
    ensure!(ran.load(SeqCst) == 2);
    ensure!(
        other
            .cause()
            .is_some_and(|why| why.reason() == Reason::Condition)
    );
    Ok(())
}

/// A callback of a grandchild hears of the root, with the root's reason.
pub async fn one_hears_of_the_root<R: Timer>(runtime: &R) -> Outcome {
    let root = CancelToken::new();
    let leaf = root.child().child();
    let heard = CancelToken::new();
    let tells = heard.clone();
    let _registration = leaf.on_cancel(move |why| {
        tells.cancel_with(why.root_reason());
    });
    ensure!(runtime.sleep(ms(1)).await.is_ok());
    root.cancel_with(Reason::Signal(2));
    ensure!(heard.cancelled().await.reason() == Reason::Signal(2));
    Ok(())
}
