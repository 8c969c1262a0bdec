//! The contract of [`Timer`]: when sleeps end, and when they do not.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, finish, ms, poll_once, yield_now};
use cancel_core::{Instant, Timer};
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use futures_util::future::{Either, join, join3, join4, select};

/// Each reading of the clock is at or after the one before, also around sleeps.
pub async fn now_never_goes_back<R: Timer>(runtime: &R) -> Outcome {
    let mut last = runtime.now();
    for turn in 1..=64 {
        if turn % 16 == 0 {
            ensure!(runtime.sleep(ms(1)).await.is_ok());
        }
        let now = runtime.now();
        ensure!(now >= last);
        last = now;
    }
    Ok(())
}

/// A clone of the runtime, and a reference to it, show the same time as the runtime itself.
pub async fn clones_share_the_clock<R: Timer + Clone>(runtime: &R) -> Outcome {
    ensure!(runtime.sleep(ms(2)).await.is_ok());
    let first = runtime.now();
    let second = runtime.clone().now();
    let third = (&runtime).now();
    let fourth = runtime.now();
    ensure!(first <= second);
    ensure!(second <= third);
    ensure!(third <= fourth);
    let deadline = runtime.now() + ms(2);
    ensure!(runtime.clone().sleep_until(deadline).await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// When a sleep is over, the clock has reached its deadline, also if that lies between two ticks.
pub async fn a_sleep_is_never_early<R: Timer>(runtime: &R) -> Outcome {
    for nanoseconds in [
        1, 999_999, 1_000_000, 1_000_001, 1_500_000, 2_999_999, 5_000_000,
    ] {
        let length = Duration::from_nanos(nanoseconds);
        let start = runtime.now();
        let deadline = start + length;
        ensure!(runtime.sleep_until(deadline).await.is_ok());
        ensure!(runtime.now() >= deadline);
        let start = runtime.now();
        ensure!(runtime.sleep(length).await.is_ok());
        ensure!(runtime.now() >= start + length);
    }
    Ok(())
}

/// Zero is over at the first poll.
pub async fn zero_is_over_at_the_first_poll<R: Timer>(runtime: &R) -> Outcome {
    let mut sleep = pin!(runtime.sleep(Duration::ZERO));
    ensure!(poll_once(sleep.as_mut()).await == Poll::Ready(Ok(())));
    let mut sleep = pin!(runtime.sleep_until(runtime.now()));
    ensure!(poll_once(sleep.as_mut()).await == Poll::Ready(Ok(())));
    Ok(())
}

/// A deadline that has passed is over at the first poll.
pub async fn the_past_is_over_at_the_first_poll<R: Timer>(runtime: &R) -> Outcome {
    let mut sleep = pin!(runtime.sleep_until(Instant::EPOCH));
    ensure!(poll_once(sleep.as_mut()).await == Poll::Ready(Ok(())));
    let past = runtime.now();
    ensure!(runtime.sleep(ms(2)).await.is_ok());
    let mut sleep = pin!(runtime.sleep_until(past));
    ensure!(poll_once(sleep.as_mut()).await == Poll::Ready(Ok(())));
    Ok(())
}

/// A relative sleep counts from the call that made it, not from its first poll.
pub async fn a_sleep_counts_from_the_call<R: Timer>(runtime: &R) -> Outcome {
    let mut sleep = pin!(runtime.sleep(ms(3)));
    ensure!(runtime.sleep(ms(9)).await.is_ok());
    ensure!(poll_once(sleep.as_mut()).await == Poll::Ready(Ok(())));
    Ok(())
}

/// Deadlines at the end of all time, or centuries away, are never reached, and overflow nothing.
pub async fn what_is_out_of_reach_does_not_end<R: Timer>(runtime: &R) -> Outcome {
    let centuries = Duration::from_secs(500 * 365 * 24 * 3600);
    let mut most = pin!(runtime.sleep(Duration::MAX));
    let mut end = pin!(runtime.sleep_until(Instant::FAR_FUTURE));
    let mut seconds = pin!(runtime.sleep_until(Instant::EPOCH + Duration::from_secs(u64::MAX)));
    let mut years = pin!(runtime.sleep(centuries));
    for _ in 0..2 {
        ensure!(poll_once(most.as_mut()).await.is_pending());
        ensure!(poll_once(end.as_mut()).await.is_pending());
        ensure!(poll_once(seconds.as_mut()).await.is_pending());
        ensure!(poll_once(years.as_mut()).await.is_pending());
        ensure!(runtime.sleep(ms(3)).await.is_ok());
    }
    Ok(())
}

/// Sleeps just beyond what counters of 31, 32, 53 and 64 bits hold do not end at once.
pub async fn no_counter_wraps<R: Timer>(runtime: &R) -> Outcome {
    for long in [
        ms(1 << 31),
        ms((1 << 32) + 1),
        ms((1 << 53) + 1),
        Duration::from_micros((1 << 32) + 1),
        Duration::from_nanos(1 << 63),
        Duration::from_nanos(u64::MAX) + ms(1),
        Duration::from_micros(u64::MAX) + ms(1),
        ms(u64::MAX),
    ] {
        let long = pin!(runtime.sleep(long));
        let short = pin!(runtime.sleep(ms(2)));
        ensure!(matches!(select(long, short).await, Either::Right(_)));
    }
    Ok(())
}

/// When a sleep is over, one with an earlier deadline is, too.
pub async fn the_earlier_deadline_comes_first<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let mut later = pin!(runtime.sleep_until(start + ms(9)));
    let mut earlier = pin!(runtime.sleep_until(start + ms(3)));
    let mut earlier_over = false;
    let in_order = poll_fn(|cx| {
        let later_over = later.as_mut().poll(cx).is_ready();
        earlier_over = earlier_over || earlier.as_mut().poll(cx).is_ready();
        match later_over {
            true => Poll::Ready(earlier_over),
            false => Poll::Pending,
        }
    });
    ensure!(in_order.await);
    Ok(())
}

/// A short sleep that begins beside a very long one does not wait for that.
pub async fn a_shorter_sleep_does_not_wait_for_a_longer_one<R: Timer>(runtime: &R) -> Outcome {
    let mut long = pin!(runtime.sleep(HOUR));
    ensure!(poll_once(long.as_mut()).await.is_pending());
    ensure!(runtime.sleep(ms(2)).await.is_ok());
    ensure!(poll_once(long.as_mut()).await.is_pending());
    Ok(())
}

/// Eight sleeps wait at a time, some for the same deadline, and all of them end.
pub async fn many_wait_at_once<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let at = |length| async move {
        let over = runtime.sleep_until(start + ms(length)).await.is_ok();
        over && runtime.now() >= start + ms(length)
    };
    let (one, two) = join(
        join4(at(8), at(2), at(2), at(5)),
        join4(at(1), at(8), at(3), at(30)),
    )
    .await;
    ensure!(one == (true, true, true, true));
    ensure!(two == (true, true, true, true));
    Ok(())
}

/// A sleep is woken although seven others wait beside it and are not polled meanwhile.
pub async fn the_eighth_is_woken_beside_seven<R: Timer>(runtime: &R) -> Outcome {
    let long = || runtime.sleep(HOUR);
    let mut seven = pin!(join(
        join4(long(), long(), long(), long()),
        join3(long(), long(), long())
    ));
    ensure!(poll_once(seven.as_mut()).await.is_pending());
    ensure!(runtime.sleep(ms(2)).await.is_ok());
    ensure!(poll_once(seven.as_mut()).await.is_pending());
    Ok(())
}

/// Sleeps in a row add up.
pub async fn sleeps_in_a_row_add_up<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    for _ in 0..8 {
        ensure!(runtime.sleep(ms(1)).await.is_ok());
    }
    ensure!(runtime.now() >= start + ms(8));
    Ok(())
}

/// Polling a sleep that still waits changes neither its end nor that it comes.
pub async fn polling_again_changes_nothing<R: Timer>(runtime: &R) -> Outcome {
    let deadline = runtime.now() + ms(4);
    let mut sleep = pin!(runtime.sleep_until(deadline));
    for _ in 0..8 {
        if poll_once(sleep.as_mut()).await.is_ready() {
            ensure!(runtime.now() >= deadline);
            return Ok(());
        }
        yield_now().await;
    }
    ensure!(sleep.await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// A sleep that is polled at every tick of another one is over when its own time has come.
pub async fn ticks_beside_it_do_not_put_it_off<R: Timer>(runtime: &R) -> Outcome {
    let mut sleep = pin!(runtime.sleep(ms(5)));
    // (After six ticks its deadline is the earlier one.)
    for _ in 0..20 {
        let tick = pin!(runtime.sleep(ms(1)));
        match select(sleep, tick).await {
            Either::Left((slept, _)) => {
                ensure!(slept.is_ok());
                return Ok(());
            }
            Either::Right((_, waits)) => sleep = waits,
        }
    }
    ensure!(poll_once(sleep).await.is_ready());
    Ok(())
}

/// A sleep is woken although others, with earlier and later deadlines, were dropped while they waited.
pub async fn a_dropped_sleep_leaves_the_others<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let mut earlier = pin!(Some(runtime.sleep_until(start + ms(3))));
    let mut sleep = pin!(runtime.sleep_until(start + ms(6)));
    let mut later = pin!(Some(runtime.sleep_until(start + HOUR)));
    if let Some(earlier) = earlier.as_mut().as_pin_mut() {
        let first = poll_once(earlier).await;
        ensure!(first.is_pending() || runtime.now() >= start + ms(3));
    }
    let first = poll_once(sleep.as_mut()).await;
    if let Some(later) = later.as_mut().as_pin_mut() {
        ensure!(poll_once(later).await.is_pending());
    }
    earlier.set(None);
    later.set(None);
    ensure!(finish(first, sleep).await.is_ok());
    ensure!(runtime.now() >= start + ms(6));
    Ok(())
}

/// Dropping a sleep that is over does nothing to one that began since.
pub async fn a_finished_sleep_dropped_late_leaves_the_others<R: Timer>(runtime: &R) -> Outcome {
    let mut finished = pin!(Some(runtime.sleep(ms(1))));
    if let Some(sleep) = finished.as_mut().as_pin_mut() {
        ensure!(sleep.await.is_ok());
    }
    let deadline = runtime.now() + ms(4);
    let mut next = pin!(runtime.sleep_until(deadline));
    let first = poll_once(next.as_mut()).await;
    finished.set(None);
    ensure!(finish(first, next).await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// Sleeps that come and go while one waits neither end nor lose that one.
pub async fn coming_and_going_beside_a_waiting_one<R: Timer>(runtime: &R) -> Outcome {
    let deadline = runtime.now() + ms(6);
    let mut sleep = pin!(runtime.sleep_until(deadline));
    let first = poll_once(sleep.as_mut()).await;
    for _ in 0..16 {
        let mut long = pin!(runtime.sleep(HOUR));
        ensure!(poll_once(long.as_mut()).await.is_pending());
        let mut short = pin!(runtime.sleep(ms(1)));
        // (Ready or not: it is dropped.)
        let _ = poll_once(short.as_mut()).await;
    }
    ensure!(finish(first, sleep).await.is_ok());
    ensure!(runtime.now() >= deadline);
    Ok(())
}

/// A sleep from a reading of the clock keeps its deadline, ends if that is now, and never if never.
pub async fn a_sleep_from_a_reading_keeps_its_deadline<R: Timer>(runtime: &R) -> Outcome {
    let now = runtime.now();
    let soon = pin!(runtime.sleep_from(now, now + ms(3)));
    let long = pin!(runtime.sleep(HOUR));
    ensure!(matches!(
        select(soon, long).await,
        Either::Left((Ok(()), _))
    ));
    ensure!(runtime.now() >= now + ms(3));
    ensure!(runtime.sleep_from(now, now + ms(1)).await.is_ok());
    let now = runtime.now();
    ensure!(runtime.sleep_from(now, now).await.is_ok());
    let never = pin!(runtime.sleep_from(now, Instant::FAR_FUTURE));
    let short = pin!(runtime.sleep(ms(2)));
    ensure!(matches!(select(never, short).await, Either::Right(_)));
    Ok(())
}
