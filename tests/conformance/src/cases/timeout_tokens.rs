//! Tokens that cancel themselves after a time, which a task keeps.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::ms;
use cancel_core::{CancelToken, Reason, Spawn, Timer};
use core::time::Duration;

/// It is cancelled in time with the reason *timeout*, never early, and its children with it.
pub async fn it_cancels_itself<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let start = runtime.now();
    let Ok(token) = CancelToken::with_timeout(runtime, ms(3)) else {
        return crate::failure::refused();
    };
    let child = token.child();
    ensure!(token.cancelled().await.reason() == Reason::Timeout);
    ensure!(runtime.now() >= start + ms(3));
    ensure!(child.cancelled().await.root_reason() == Reason::Timeout);
    Ok(())
}

/// Who cancels it before its time wins, and the time changes nothing any more.
pub async fn who_comes_before_wins<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let Ok(token) = CancelToken::with_timeout(runtime, Duration::MAX) else {
        return crate::failure::refused();
    };
    ensure!(runtime.sleep(ms(2)).await.is_ok());
    ensure!(token.cancel_with(Reason::Shutdown));
    ensure!(token.cancelled().await.reason() == Reason::Shutdown);
    Ok(())
}

/// A clone keeps its limit. Once the last handle is dropped nobody keeps its time: what followed it
/// stays live.
pub async fn a_dropped_one_keeps_no_time<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let start = runtime.now();
    let (Ok(token), Ok(temporary)) = (
        CancelToken::with_timeout(runtime, ms(8)),
        CancelToken::with_timeout(runtime, ms(4)),
    ) else {
        return crate::failure::refused();
    };
    let clone = CancelToken::clone(&temporary);
    let follower = CancelToken::any([&token]);
    drop((token, temporary));
    // (If the machine stood still, it was cancelled before.)
    let in_time = runtime.now() < start + ms(8);
    ensure!(runtime.sleep(ms(12)).await.is_ok());
    ensure!(!in_time || !follower.is_cancelled());
    ensure!(clone.cancelled().await.reason() == Reason::Timeout);
    Ok(())
}

/// Zero is cancelled when the call returns. A limit may be replaced, and taken away.
pub async fn zero_is_due<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let parent = CancelToken::new();
    let (Ok(token), Ok(child)) = (
        CancelToken::with_timeout(runtime, Duration::ZERO),
        parent.child_with_timeout(runtime, ms(1000)),
    ) else {
        return crate::failure::refused();
    };
    ensure!(token.is_cancelled() && !child.is_cancelled());
    ensure!(token.cancelled().await.reason() == Reason::Timeout);
    ensure!(child.cancel_after(runtime, ms(2)).is_ok());
    ensure!(child.cancelled().await.limit() == Some(ms(2)));
    ensure!(parent.cancel_after(runtime, ms(1000)).is_ok() && parent.deadline().is_some());
    parent.clear_timeout();
    ensure!(parent.deadline().is_none());
    Ok(())
}
