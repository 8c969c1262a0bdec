//! Streams that end with a token.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms};
use cancel_core::{CancelStreamExt, Reason, TimeoutExt, Timer, Token};
use core::pin::pin;
use futures_util::StreamExt;
use futures_util::future::join;
use futures_util::stream::{self, FusedStream};

/// A stream ends with its token, and what comes later stays in it: nothing is lost.
pub async fn a_stream_ends_and_loses_nothing<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let mut numbers = stream::iter(1u32..);
    {
        let mut some = pin!((&mut numbers).take_until_cancelled(&token));
        ensure!(some.next().await == Some(1));
        token.cancel();
        ensure!(some.next().await.is_none());
        ensure!(some.next().await.is_none());
        ensure!(some.is_terminated());
    }
    ensure!(numbers.next().await == Some(2));
    Ok(())
}

/// A stream that says why ends with one error after its items.
pub async fn a_stream_says_why_it_ends<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let mut some = pin!(stream::iter(1u32..).try_until_cancelled(&token));
    ensure!(some.next().await == Some(Ok(1)));
    token.cancel_with(Reason::Shutdown);
    let last = some.next().await;
    ensure!(matches!(last, Some(Err(cancelled)) if cancelled.reason() == Reason::Shutdown));
    ensure!(some.next().await.is_none());
    ensure!(some.is_terminated());
    Ok(())
}

/// A stream with nothing to give is woken by the cancel.
pub async fn a_waiting_stream_is_woken<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && token.cancel() };
    let mut silent = pin!(stream::pending::<u32>().take_until_cancelled(&token));
    let (item, won) = join(silent.next(), cancel).await;
    ensure!(won);
    ensure!(item.is_none());
    Ok(())
}

/// Under a token that was cancelled beforehand no item is taken.
pub async fn cancelled_beforehand_gives_no_item<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    token.cancel_with(Reason::Condition);
    let mut numbers = stream::iter([1u32, 2, 3]);
    ensure!((&mut numbers).take_until_cancelled(&token).count().await == 0);
    {
        let mut some = pin!((&mut numbers).try_until_cancelled(&token));
        ensure!(matches!(some.next().await, Some(Err(why)) if why.reason() == Reason::Condition));
        ensure!(some.next().await.is_none());
    }
    ensure!(numbers.next().await == Some(1));
    Ok(())
}

/// A stream that comes to its own end does so without an error.
pub async fn its_own_end_is_no_error<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let mut some = pin!(stream::iter([1u32, 2]).try_until_cancelled(&token));
    ensure!(some.next().await == Some(Ok(1)));
    ensure!(some.next().await == Some(Ok(2)));
    ensure!(some.next().await.is_none());
    token.cancel();
    ensure!(some.next().await.is_none());
    Ok(())
}

/// A stream of ticks on the timer is cut when its token is cancelled among them.
pub async fn ticks_are_cut<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let ticks = stream::unfold(1u32, |count| async move {
        runtime.sleep(ms(1)).await.ok()?;
        Some((count, count + 1))
    });
    let mut last = 0;
    let all = async {
        let mut ticks = pin!(ticks.take_until_cancelled(&token));
        while let Some(count) = ticks.next().await {
            last = count;
            if count == 3 {
                token.cancel();
            }
        }
    };
    ensure!(all.timeout(runtime, HOUR).await.is_ok());
    ensure!(last == 3);
    Ok(())
}
