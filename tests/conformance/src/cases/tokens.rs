//! Tokens in place, without a heap.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::poll_once;
use cancel_core::{Cancelled, Check, Never, Reason, StaticCause, Timer, Token};
use core::pin::pin;

/// Only the first cancel wins, and its cause stays.
pub async fn first_cancel_wins<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    ensure!(!token.is_cancelled());
    ensure!(token.cause().is_none());
    ensure!(token.cancel_with(Reason::Shutdown));
    ensure!(!token.cancel_with(Reason::Condition));
    ensure!(!token.cancel());
    ensure!(token.is_cancelled());
    ensure!(token.cancelled().await.reason() == Reason::Shutdown);
    Ok(())
}

/// Every reason is read as it was given, with its number.
pub async fn every_reason_comes_back<R: Timer>(_: &R) -> Outcome {
    for reason in [
        Reason::Manual,
        Reason::Timeout,
        Reason::Signal(15),
        Reason::Condition,
        Reason::Error,
        Reason::Dropped,
        Reason::Shutdown,
        Reason::Custom(0),
        Reason::Custom(u16::MAX),
    ] {
        let token = Token::new();
        ensure!(token.cancel_with(reason));
        let cause = token.cause();
        ensure!(cause.as_ref().map(Cancelled::reason) == Some(reason));
        ensure!(cause.as_ref().map(Cancelled::root_reason) == Some(reason));
        ensure!(cause.is_some_and(|cause| !cause.is_inherited() && cause.message().is_none()));
    }
    Ok(())
}

/// A cause in a `static` has a message without a heap.
pub async fn a_static_cause_has_a_message<R: Timer>(_: &R) -> Outcome {
    static WATCHDOG: StaticCause = StaticCause::new(Reason::Custom(3), "watchdog");
    let token = Token::new();
    ensure!(token.cancel_with(&WATCHDOG));
    let cancelled = token.cancelled().await;
    ensure!(cancelled.reason() == Reason::Custom(3));
    ensure!(cancelled.message() == Some("watchdog"));
    Ok(())
}

/// The token that is never cancelled is not.
pub async fn never_is_never<R: Timer>(_: &R) -> Outcome {
    let never = Token::never();
    ensure!(!never.may_be_cancelled());
    ensure!(Token::new().may_be_cancelled());
    ensure!(!never.cancel());
    ensure!(!never.is_cancelled());
    let mut wait = pin!(never.cancelled());
    ensure!(poll_once(wait.as_mut()).await.is_pending());
    Ok(())
}

/// What synchronous code asks says why, for tokens and all that stands for one.
pub async fn a_check_says_why<R: Timer>(_: &R) -> Outcome {
    fn reason(stop: &impl Check) -> Option<Reason> {
        stop.check().err().map(|cancelled| cancelled.reason())
    }
    let token = Token::new();
    ensure!(reason(&token).is_none());
    token.cancel_with(Reason::Condition);
    ensure!(reason(&token) == Some(Reason::Condition));
    ensure!(reason(&&token) == Some(Reason::Condition));
    ensure!(reason(&Some(&token)) == Some(Reason::Condition));
    ensure!(reason(&None::<&Token>).is_none());
    ensure!(reason(&Never).is_none());
    ensure!(!Never.may_be_cancelled());
    Ok(())
}

/// A view sees what its token does.
pub async fn a_view_sees_its_token<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let view = token.view();
    ensure!(!view.is_cancelled());
    ensure!(view.check().is_ok());
    token.cancel_with(Reason::Shutdown);
    ensure!(view.is_cancelled());
    ensure!(view.cancelled().await.reason() == Reason::Shutdown);
    ensure!(view.id() == token.id());
    Ok(())
}

/// A token that is moved after its waits are gone works as before.
pub async fn a_token_may_be_moved<R: Timer>(_: &R) -> Outcome {
    let here = Token::new();
    {
        let mut wait = pin!(here.cancelled());
        ensure!(poll_once(wait.as_mut()).await.is_pending());
    }
    let there = here;
    let mut wait = pin!(there.cancelled());
    ensure!(poll_once(wait.as_mut()).await.is_pending());
    ensure!(there.cancel());
    ensure!(wait.await.reason() == Reason::Manual);
    Ok(())
}
