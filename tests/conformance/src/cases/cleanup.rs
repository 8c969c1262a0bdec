//! Cleanup: what runs at the end of a scope, whatever the outcome.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, Log, ms, poll_once};
use cancel_core::{Child, DeadlineSource, Reason, Scope, Shields, Timer, Token};
use core::future::{pending, ready};
use core::pin::pin;

/// It runs after a body that ended by itself and is gone, and before the result is there.
pub async fn it_runs_after_a_value<R: Timer>(_: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let body = async {
        let _gone = log.on_drop(b'd');
        5
    };
    let cleanup = || {
        log.add(b'c');
        async { log.add(b'e') }
    };
    ensure!(Scope::new(&token, body).finally(cleanup).await == Ok(5));
    ensure!(log.says("dce"));
    Ok(())
}

/// It runs after a cancel, when the body has been dropped, and may take its time on the timer.
pub async fn it_runs_after_a_cancel<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let body = async {
        let _gone = log.on_drop(b'd');
        pending::<()>().await;
    };
    let deadline = runtime.now() + ms(6);
    let run = Scope::new(&token, body)
        .source(DeadlineSource::new(runtime.sleep(ms(2))))
        .finally(async || {
            log.add(b'c');
            let slept = runtime.sleep_until(deadline).await;
            log.add(if slept.is_ok() { b'e' } else { b'x' });
        });
    ensure!(run.await.is_err_and(|why| why.reason() == Reason::Timeout));
    ensure!(runtime.now() >= deadline);
    ensure!(log.says("dce"));
    Ok(())
}

/// It runs although the body never began.
pub async fn it_runs_for_what_never_began<R: Timer>(_: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    token.cancel();
    let run = Scope::new(&token, async { log.add(b'x') }).finally(async || log.add(b'c'));
    ensure!(run.await.is_err());
    ensure!(log.says("c"));
    Ok(())
}

/// A cancel that comes while it runs, or another source, does not cut it short.
pub async fn nothing_cuts_it_short<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let run = Scope::new(&token, ready(5))
        .source(DeadlineSource::new(runtime.sleep(ms(1))))
        .finally(async || {
            token.cancel();
            let slept = runtime.sleep(ms(3)).await;
            log.add(if slept.is_ok() { b'c' } else { b'x' });
        });
    ensure!(run.await == Ok(5));
    ensure!(log.says("c"));
    Ok(())
}

/// A scope around it waits for it, once cancelled.
pub async fn the_scopes_around_wait_for_it<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let child = pin!(Child::new(&token));
    let child = child.enter();
    let outer = Shields::new();
    let inner = Shields::nested(&outer);
    let body = async {
        let run = Scope::new(child, pending::<()>())
            .shields(&inner)
            .finally(async || {
                let slept = runtime.sleep(ms(3)).await;
                log.add(if slept.is_ok() { b'c' } else { b'x' });
            });
        log.add(if run.await.is_err() { b'i' } else { b'x' });
        pending::<()>().await;
    };
    let late = DeadlineSource::new(runtime.sleep(ms(2)));
    let result = Scope::new(&token, body).source(late).shields(&outer).await;
    ensure!(result.is_err());
    ensure!(log.says("ci"));
    ensure!(!outer.is_open());
    Ok(())
}

/// So it does for that of a body that never began.
pub async fn they_wait_for_that_of_what_never_began<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let child = pin!(Child::new(&token));
    let child = child.enter();
    child.cancel();
    let outer = Shields::new();
    let inner = Shields::nested(&outer);
    let body = async {
        let run = Scope::new(child, async { log.add(b'x') })
            .shields(&inner)
            .finally(async || {
                token.cancel();
                let slept = runtime.sleep(ms(2)).await;
                log.add(if slept.is_ok() { b'c' } else { b'x' });
            });
        log.add(if run.await.is_err() { b'i' } else { b'x' });
        pending::<()>().await;
    };
    let result = Scope::new(&token, body).shields(&outer).await;
    ensure!(result.is_err());
    ensure!(log.says("ci"));
    Ok(())
}

/// It does not run if the scope is dropped.
pub async fn a_dropped_scope_runs_none<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    {
        let body = runtime.sleep(HOUR);
        let mut run = pin!(Scope::new(&token, body).finally(async || log.add(b'x')));
        ensure!(poll_once(run.as_mut()).await.is_pending());
    }
    ensure!(log.says(""));
    Ok(())
}

/// It comes after the grace period, when the body is gone.
pub async fn it_comes_after_the_grace_period<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let body = async {
        let _gone = log.on_drop(b'd');
        pending::<()>().await;
    };
    let start = runtime.now();
    let run = Scope::new(&token, body)
        .source(DeadlineSource::new(runtime.sleep(ms(1))))
        .grace(runtime, ms(3))
        .finally(|| {
            log.add(b'c');
            ready(())
        });
    ensure!(run.await.is_err());
    ensure!(runtime.now() >= start + ms(4));
    ensure!(log.says("dc"));
    Ok(())
}
