//! Sleeps that are polled with wakers other than the task's.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{finish, ms, poll_once, poll_unheard};
use cancel_core::Timer;
use core::pin::pin;

/// The waker of the last poll is woken, also if another one was there first.
pub async fn the_last_waker_is_woken<R: Timer>(runtime: &R) -> Outcome {
    let deadline = runtime.now() + ms(4);
    let mut sleep = pin!(runtime.sleep_until(deadline));
    let first = poll_unheard(sleep.as_mut());
    ensure!(finish(first, sleep).await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// So it is if the waker comes back after another one.
pub async fn a_waker_that_comes_back_is_woken<R: Timer>(runtime: &R) -> Outcome {
    let deadline = runtime.now() + ms(4);
    let mut sleep = pin!(runtime.sleep_until(deadline));
    let mut last = poll_once(sleep.as_mut()).await;
    for _ in 0..3 {
        if last.is_pending() {
            last = poll_unheard(sleep.as_mut());
        }
        if last.is_pending() {
            last = poll_once(sleep.as_mut()).await;
        }
    }
    ensure!(finish(last, sleep).await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// A sleep whose waker wakes nobody keeps no other from being woken, and is over when asked again.
pub async fn a_sleep_that_nobody_hears_ends_all_the_same<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let mut unheard = pin!(runtime.sleep_until(start + ms(2)));
    let first = poll_unheard(unheard.as_mut());
    ensure!(first.is_pending() || runtime.now() >= start + ms(2));
    ensure!(runtime.sleep_until(start + ms(5)).await.is_ok());
    ensure!(finish(first, unheard).await.is_ok());
    Ok(())
}
