//! Time limits of single futures, on the runtime's timer.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, Log, finish, ms, poll_once};
use cancel_core::{
    Cancelled, Deadline, DeadlineSource, Instant, Reason, TimeoutExt, Timer, TimerError,
};
use core::future::{pending, ready};
use core::pin::pin;
use core::time::Duration;

/// A timeout of zero is due at the first poll.
pub async fn zero_is_due_at_once<R: Timer>(runtime: &R) -> Outcome {
    let late = pending::<()>().timeout(runtime, Duration::ZERO).await;
    ensure!(late.is_err_and(|cancelled| cancelled.reason() == Reason::Timeout));
    Ok(())
}

/// What is ready at the first poll wins over a timeout of zero.
pub async fn what_is_ready_wins_over_zero<R: Timer>(runtime: &R) -> Outcome {
    ensure!(ready(5).timeout(runtime, Duration::ZERO).await == Ok(5));
    Ok(())
}

/// A timeout ends what does not end by itself, with the reason *timeout*, and never early.
pub async fn a_timeout_is_never_early<R: Timer>(runtime: &R) -> Outcome {
    let start = runtime.now();
    let late = pending::<()>().timeout(runtime, ms(4)).await;
    ensure!(runtime.now() >= start + ms(4));
    ensure!(late.is_err_and(|why| why.reason() == Reason::Timeout && !why.is_inherited()));
    Ok(())
}

/// A timeout counts from the call; what is ready when it is polled at last still wins.
pub async fn a_timeout_counts_from_the_call<R: Timer>(runtime: &R) -> Outcome {
    let slow = pending::<()>().timeout(runtime, ms(2));
    let quick = ready(5).timeout(runtime, ms(2));
    let before = runtime.sleep(ms(4)).timeout(runtime, HOUR).await;
    ensure!(before == Ok(Ok(())));
    ensure!(slow.await.is_err());
    ensure!(quick.await == Ok(5));
    Ok(())
}

/// What ends before its timeout is not touched by it.
pub async fn what_is_quick_enough_is_not_touched<R: Timer>(runtime: &R) -> Outcome {
    ensure!(runtime.sleep(ms(2)).timeout(runtime, HOUR).await == Ok(Ok(())));
    ensure!(runtime.sleep(ms(2)).timeout(runtime, Duration::MAX).await == Ok(Ok(())));
    Ok(())
}

/// Of two nested timeouts the shorter one ends the work, and only that layer says so.
pub async fn the_shorter_of_two_ends_it<R: Timer>(runtime: &R) -> Outcome {
    let inner = pending::<()>().timeout(runtime, ms(3));
    let both = inner.timeout(runtime, HOUR).await;
    ensure!(matches!(both, Ok(Err(cancelled)) if cancelled.reason() == Reason::Timeout));
    let inner = pending::<()>().timeout(runtime, HOUR);
    let both = inner.timeout(runtime, ms(3)).await;
    ensure!(matches!(both, Err(cancelled) if cancelled.reason() == Reason::Timeout));
    Ok(())
}

/// What a timeout has ended is dropped with it, and not polled any more.
pub async fn what_is_late_is_dropped<R: Timer>(runtime: &R) -> Outcome {
    let log = Log::default();
    let work = async {
        let _gone = log.on_drop(b'd');
        log.add(b'a');
        pending::<()>().await;
        log.add(b'x');
    };
    ensure!(work.timeout(runtime, ms(2)).await.is_err());
    ensure!(log.says("ad"));
    Ok(())
}

/// A deadline is a source of the cause *timeout*, never early, and at once if it has passed.
pub async fn a_deadline_is_a_source<R: Timer>(runtime: &R) -> Outcome {
    let deadline = runtime.now() + ms(3);
    let cause = DeadlineSource::new(runtime.sleep_until(deadline)).await;
    ensure!(cause.reason() == Reason::Timeout);
    ensure!(runtime.now() >= deadline);
    let cause = DeadlineSource::new(runtime.sleep_until(Instant::EPOCH)).await;
    ensure!(cause.reason() == Reason::Timeout);
    Ok(())
}

/// Of two nested deadlines that have both passed when the inner one's source is polled again, the earlier one
/// is named.
pub async fn of_two_that_have_passed_the_earlier_is_named<R: Timer>(runtime: &R) -> Outcome {
    for (outer, inner) in [(1, 2), (2, 1)] {
        let start = runtime.now();
        let whole = Deadline::new(runtime).until(start + ms(outer));
        let step = Deadline::nested(&whole).until(start + ms(inner));
        let mut source = pin!(step.source());
        let first = poll_once(source.as_mut()).await;
        let slept = runtime.sleep_until(start + ms(4)).await;
        ensure!(slept.is_ok());
        let why = Cancelled::from(finish(first, source).await);
        ensure!(why.root_reason() == Reason::Timeout);
        ensure!(why.is_from(&whole) == (outer < inner));
        ensure!(why.is_from(&step) == (inner < outer));
    }
    Ok(())
}

/// A timer that fails is an error, not a timeout, and says so.
pub async fn a_timer_that_fails_is_an_error<R: Timer>(_: &R) -> Outcome {
    let cause = DeadlineSource::new(ready(Err(TimerError::new("gone")))).await;
    ensure!(cause.reason() == Reason::Error);
    ensure!(cause.message().is_some());
    Ok(())
}
