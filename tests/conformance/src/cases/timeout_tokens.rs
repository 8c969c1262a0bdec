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

/// Once it is dropped nobody keeps its time; its clones stay live.
pub async fn a_dropped_one_keeps_no_time<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let start = runtime.now();
    let Ok(token) = CancelToken::with_timeout(runtime, ms(8)) else {
        return crate::failure::refused();
    };
    let inside = CancelToken::clone(&token);
    drop(token);
    // (If the machine stood still, it was cancelled before.)
    let in_time = runtime.now() < start + ms(8);
    ensure!(runtime.sleep(ms(12)).await.is_ok());
    ensure!(!in_time || !inside.is_cancelled());
    Ok(())
}

/// Zero is due as soon as its task runs.
pub async fn zero_is_due<R>(runtime: &R) -> Outcome
where
    R: Timer<Sleep: Send> + Spawn + Clone + Send + Sync + 'static,
{
    let Ok(token) = CancelToken::with_timeout(runtime, Duration::ZERO) else {
        return crate::failure::refused();
    };
    ensure!(token.cancelled().await.reason() == Reason::Timeout);
    Ok(())
}
