//! Grace periods: a cancelled body may come to a good end by itself.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, Log, ms};
use cancel_core::{DeadlineSource, Reason, Scope, Timer, Token};
use core::future::{pending, ready};
use core::time::Duration;

/// The body sees the cancel, goes on for a while, and gives its value.
pub async fn the_body_sees_the_cancel_and_ends<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let body = async {
        let why = token.cancelled().await.reason();
        let slept = runtime.sleep(ms(2)).await;
        slept.map(|()| why)
    };
    let run = Scope::new(&token, body)
        .source(ready(Reason::Shutdown))
        .grace(runtime, HOUR);
    ensure!(run.await == Ok(Ok(Reason::Shutdown)));
    Ok(())
}

/// A body that does not react is dropped when the period is over, not before.
pub async fn a_body_that_goes_on_is_dropped<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let start = runtime.now();
    let run = Scope::new(&token, pending::<()>())
        .source(DeadlineSource::new(runtime.sleep(ms(3))))
        .grace(runtime, ms(4));
    ensure!(run.await.is_err_and(|why| why.reason() == Reason::Timeout));
    ensure!(runtime.now() >= start + ms(7));
    Ok(())
}

/// A second request ends the period at once; the cause stays that of the first.
pub async fn a_second_request_ends_the_period<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let run = Scope::new(&token, pending::<()>())
        .source(ready(Reason::Shutdown))
        .source(DeadlineSource::new(runtime.sleep(ms(4))))
        .grace(runtime, Duration::MAX);
    ensure!(run.await.is_err_and(|why| why.reason() == Reason::Shutdown));
    Ok(())
}

/// Zero is no period: the body is dropped at once.
pub async fn zero_is_no_period<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let body = async {
        let _gone = log.on_drop(b'd');
        token.cancelled().await;
        log.add(b'x');
    };
    let run = Scope::new(&token, body)
        .source(DeadlineSource::new(runtime.sleep(ms(2))))
        .grace(runtime, Duration::ZERO);
    ensure!(run.await.is_err());
    ensure!(log.says("d"));
    Ok(())
}

/// No period is too long, and none keeps a body that ends.
pub async fn the_longest_period_overflows_nothing<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let body = async {
        token.cancelled().await;
        runtime.sleep(ms(2)).await
    };
    let run = Scope::new(&token, body)
        .source(DeadlineSource::new(runtime.sleep(ms(1))))
        .grace(runtime, Duration::MAX);
    ensure!(run.await == Ok(Ok(())));
    Ok(())
}

/// Under a token that was cancelled beforehand there is no period: nothing has begun.
pub async fn what_never_began_has_no_period<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    token.cancel();
    let run = Scope::new(&token, async { log.add(b'x') }).grace(runtime, HOUR);
    ensure!(run.await.is_err());
    ensure!(log.says(""));
    Ok(())
}
