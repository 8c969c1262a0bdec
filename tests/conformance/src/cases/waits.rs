//! Waiting for a token, and running something until it is cancelled.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms, poll_once, poll_unheard};
use cancel_core::{CancelFutureExt, Reason, Timer, Token};
use core::cell::Cell;
use core::future::pending;
use core::pin::pin;
use core::task::Poll;
use futures_util::future::{FusedFuture, join, join3, join4};

/// A wait is woken by a cancel from elsewhere, and knows the cause.
pub async fn a_cancel_wakes_a_wait<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let cancel = async {
        let slept = runtime.sleep(ms(2)).await;
        slept.is_ok() && token.cancel_with(Reason::Shutdown)
    };
    let (cancelled, won) = join(token.cancelled(), cancel).await;
    ensure!(won);
    ensure!(cancelled.reason() == Reason::Shutdown);
    Ok(())
}

/// All of a dozen waits are woken: there is no fixed number.
pub async fn a_cancel_wakes_all_waits<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let wait = || async { u32::from(token.cancelled().await.reason() == Reason::Timeout) };
    let four = || async {
        let (a, b, c, d) = join4(wait(), wait(), wait(), wait()).await;
        a + b + c + d
    };
    let cancel = async {
        let slept = runtime.sleep(ms(2)).await;
        slept.is_ok() && token.cancel_with(Reason::Timeout)
    };
    let ((a, b, c), won) = join(join3(four(), four(), four()), cancel).await;
    ensure!(won);
    ensure!(a + b + c == 12);
    Ok(())
}

/// A wait that is dropped, wherever it stands among others, leaves these as they are.
pub async fn a_dropped_wait_leaves_the_others<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let mut first = pin!(Some(token.cancelled()));
    let mut second = pin!(token.cancelled());
    let mut third = pin!(Some(token.cancelled()));
    let mut fourth = pin!(token.cancelled());
    let mut fifth = pin!(Some(token.cancelled()));
    for wait in [&mut first, &mut third, &mut fifth] {
        if let Some(wait) = wait.as_mut().as_pin_mut() {
            ensure!(poll_once(wait).await.is_pending());
        }
        ensure!(poll_once(second.as_mut()).await.is_pending());
        ensure!(poll_once(fourth.as_mut()).await.is_pending());
    }
    third.set(None);
    first.set(None);
    fifth.set(None);
    ensure!(token.cancel());
    ensure!(poll_once(second.as_mut()).await.is_ready());
    ensure!(poll_once(fourth.as_mut()).await.is_ready());
    Ok(())
}

/// A wait gives its answer again when it is polled again, and says that it is over.
pub async fn a_wait_repeats_its_answer<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let mut wait = pin!(token.cancelled());
    ensure!(poll_once(wait.as_mut()).await.is_pending());
    ensure!(!wait.is_terminated());
    token.cancel_with(Reason::Condition);
    for _ in 0..2 {
        let answer = poll_once(wait.as_mut()).await;
        ensure!(answer.map(|cancelled| cancelled.reason()) == Poll::Ready(Reason::Condition));
        ensure!(wait.is_terminated());
    }
    Ok(())
}

/// The waker of the last poll is the one that is woken.
pub async fn the_last_waker_is_woken<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let mut wait = pin!(token.cancelled());
    ensure!(poll_unheard(wait.as_mut()).is_pending());
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel() };
    let (cancelled, won) = join(wait, cancel).await;
    ensure!(won);
    ensure!(cancelled.reason() == Reason::Manual);
    Ok(())
}

/// A wait that begins after the cancel is over at the first poll.
pub async fn a_wait_for_what_is_cancelled_is_over<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    token.cancel_with(Reason::Error);
    let mut wait = pin!(token.cancelled());
    ensure!(poll_once(wait.as_mut()).await.is_ready());
    Ok(())
}

/// A cancel wakes and ends what runs until then and waits for nothing itself.
pub async fn a_cancel_ends_what_never_ends<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel_with(Reason::Error) };
    let (result, won) = join(pending::<()>().until_cancelled(&token), cancel).await;
    ensure!(won);
    ensure!(result.is_err_and(|cancelled| cancelled.reason() == Reason::Error));
    Ok(())
}

/// What runs until a token is cancelled ends with that, and is not polled again.
pub async fn a_cancel_ends_what_runs_until_then<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let went_on = Cell::new(false);
    let body = async {
        token.cancelled().await;
        went_on.set(true);
        pending::<()>().await;
    };
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel_with(Reason::Timeout) };
    let (result, won) = join(body.until_cancelled(&token), cancel).await;
    ensure!(won);
    ensure!(result.is_err_and(|cancelled| cancelled.reason() == Reason::Timeout));
    ensure!(!went_on.get());
    Ok(())
}

/// What is ready in the poll in which the token is cancelled wins.
pub async fn what_is_ready_wins_in_a_tie<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let body = async {
        token.cancel();
        5
    };
    ensure!(token.run_until_cancelled(body).await == Ok(5));
    ensure!(token.is_cancelled());
    Ok(())
}

/// Under a token that was cancelled beforehand nothing is polled.
pub async fn cancelled_beforehand_is_never_polled<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    token.cancel_with(Reason::Shutdown);
    let polled = Cell::new(false);
    let result = async { polled.set(true) }.until_cancelled(&token).await;
    ensure!(result.is_err_and(|cancelled| cancelled.reason() == Reason::Shutdown));
    ensure!(!polled.get());
    Ok(())
}

/// What runs until a token is cancelled, and is dropped, takes no trace of itself along.
pub async fn a_dropped_run_leaves_its_token<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    {
        let mut run = pin!(runtime.sleep(HOUR).until_cancelled(&token));
        ensure!(poll_once(run.as_mut()).await.is_pending());
    }
    ensure!(!token.is_cancelled());
    ensure!(token.run_until_cancelled(async { 5 }).await == Ok(5));
    ensure!(token.cancel());
    Ok(())
}
