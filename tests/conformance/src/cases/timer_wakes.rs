//! Whom the timer wakes, and what it lets go of. Seen by wakers that count.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::wakes::{Wakes, settles, waker};
use crate::tools::{HOUR, ms};
use alloc::boxed::Box;
use alloc::vec::Vec;
use cancel_core::Timer;
use core::future::Future;
use core::pin::pin;
use core::task::Context;
use portable_atomic_util::Arc;

/// A sleep that is dropped while it waits leaves the timer, which lets go of its waker.
pub async fn a_dropped_sleep_lets_go_of_its_waker<R: Timer>(runtime: &R) -> Outcome {
    let wakes = Wakes::new();
    let mut sleep = Box::pin(runtime.sleep(HOUR));
    ensure!(
        sleep
            .as_mut()
            .poll(&mut Context::from_waker(&waker(&wakes)))
            .is_pending()
    );
    drop(sleep);
    ensure!(settles(runtime, || Arc::strong_count(&wakes) == 1).await);
    Ok(())
}

/// So does one that is over.
pub async fn a_finished_sleep_lets_go_of_its_waker<R: Timer>(runtime: &R) -> Outcome {
    let wakes = Wakes::new();
    let start = runtime.now();
    let mut sleep = Box::pin(runtime.sleep_until(start + ms(2)));
    let waker = waker(&wakes);
    let first = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    drop(waker);
    ensure!(first.is_ready() || settles(runtime, || wakes.count() > 0).await);
    ensure!(runtime.now() >= start + ms(2));
    drop(sleep);
    ensure!(settles(runtime, || Arc::strong_count(&wakes) == 1).await);
    Ok(())
}

/// Each of many sleeps wakes the waker that it was polled with, also those of the same deadline.
pub async fn each_sleep_wakes_its_own_waker<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let mut all = Vec::new();
    for length in [3, 1, 3, 2, 7, 3, 1, 5] {
        let wakes = Wakes::new();
        let mut sleep = Box::pin(runtime.sleep_until(start + ms(length)));
        let waker = waker(&wakes);
        let first = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        ensure!(first.is_pending() || runtime.now() >= start + ms(length));
        if first.is_pending() {
            all.push((sleep, wakes));
        }
    }
    ensure!(settles(runtime, || all.iter().all(|(_, wakes)| wakes.count() > 0)).await);
    ensure!(runtime.now() >= start + ms(7));
    Ok(())
}

/// Of two wakers the one of the last poll is woken.
pub async fn the_waker_of_the_last_poll_is_woken<R: Timer>(runtime: &R) -> Outcome {
    let (first, last) = (Wakes::new(), Wakes::new());
    let mut sleep = pin!(runtime.sleep(ms(3)));
    let mut over = false;
    for wakes in [&first, &last] {
        if !over {
            let waker = waker(wakes);
            let polled = sleep.as_mut().poll(&mut Context::from_waker(&waker));
            over = polled.is_ready();
        }
    }
    ensure!(over || settles(runtime, || last.count() > 0).await);
    Ok(())
}

/// A wake by somebody else does not end a sleep, and it still waits when it is polled then.
pub async fn a_wake_by_others_ends_no_sleep<R: Timer>(runtime: &R) -> Outcome {
    let wakes = Wakes::new();
    let waker = waker(&wakes);
    let mut cx = Context::from_waker(&waker);
    let mut sleep = pin!(runtime.sleep(HOUR));
    for _ in 0..3 {
        ensure!(sleep.as_mut().poll(&mut cx).is_pending());
        waker.wake_by_ref();
        ensure!(runtime.sleep(ms(1)).await.is_ok());
    }
    ensure!(sleep.as_mut().poll(&mut cx).is_pending());
    ensure!(wakes.count() >= 3);
    Ok(())
}
