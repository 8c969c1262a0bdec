//! Shields: what runs to its end although its scope is cancelled.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, Log, ms, poll_once, yield_now};
use cancel_core::{Child, DeadlineSource, Reason, Scope, Shields, Timer, Token};
use core::future::pending;
use core::pin::pin;
use futures_util::future::join;

/// What is shielded runs to its end; the body is dropped where it waits next.
pub async fn a_shield_runs_to_its_end<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let body = async {
        let save = async {
            log.add(b's');
            token.cancelled().await;
            let slept = runtime.sleep(ms(3)).await;
            log.add(if slept.is_ok() { b'e' } else { b'x' });
        };
        shields.shield_future(save).await;
        log.add(b'b');
        runtime.sleep(HOUR).await
    };
    let late = DeadlineSource::new(runtime.sleep(ms(2)));
    let result = Scope::new(&token, body)
        .source(late)
        .shields(&shields)
        .await;
    ensure!(result.is_err_and(|why| why.reason() == Reason::Timeout));
    ensure!(log.says("seb"));
    ensure!(!shields.is_open());
    Ok(())
}

/// A shield gives its output, and a body that ends right after it is not cut.
pub async fn a_shield_gives_its_output<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let save = async {
            token.cancel();
            runtime.sleep(ms(2)).await.map(|()| 5)
        };
        shields.shield_future(save).await
    };
    let result = Scope::new(&token, body).shields(&shields).await;
    ensure!(result == Ok(Ok(5)));
    ensure!(token.is_cancelled());
    Ok(())
}

/// Several shields in a row all run after the cancel.
pub async fn shields_in_a_row_all_run<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let body = async {
        for letter in *b"abc" {
            let part = async {
                token.cancel();
                let slept = runtime.sleep(ms(1)).await;
                log.add(if slept.is_ok() { letter } else { b'x' });
            };
            shields.shield_future(part).await;
        }
        pending::<()>().await;
    };
    let result = Scope::new(&token, body).shields(&shields).await;
    ensure!(result.is_err());
    ensure!(log.says("abc"));
    Ok(())
}

/// The end of an inner shield is not the end of the outer one.
pub async fn shields_nest<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let body = async {
        let outer = async {
            token.cancel();
            shields.shield(async |_| log.add(b'i')).await;
            yield_now().await;
            let slept = runtime.sleep(ms(1)).await;
            log.add(if slept.is_ok() { b'o' } else { b'x' });
        };
        shields.shield_future(outer).await;
        yield_now().await;
        log.add(b'x');
    };
    let result = Scope::new(&token, body).shields(&shields).await;
    ensure!(result.is_err());
    ensure!(log.says("io"));
    Ok(())
}

/// A cancel from elsewhere, while a shield is open, waits for its end, and no longer.
pub async fn a_cancel_waits_for_an_open_shield<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields, gate) = (Token::new(), Shields::new(), Token::new());
    let body = async {
        shields.shield_future(gate.cancelled()).await;
        pending::<()>().await;
    };
    let mut run = pin!(Scope::new(&token, body).shields(&shields));
    ensure!(poll_once(run.as_mut()).await.is_pending());
    ensure!(shields.is_open());
    token.cancel();
    ensure!(poll_once(run.as_mut()).await.is_pending());
    let open = async { runtime.sleep(ms(2)).await.is_ok() && gate.cancel() };
    let (result, opened) = join(run, open).await;
    ensure!(opened);
    ensure!(result.is_err());
    ensure!(!shields.is_open());
    Ok(())
}

/// A shield that is not polled, dropped before its end, or kept after it, holds nothing.
pub async fn a_dropped_shield_holds_nothing<R: Timer>(_: &R) -> Outcome {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let body = async {
        let _unused = shields.shield_future(pending::<()>());
        {
            let mut begun = pin!(shields.shield_future(pending::<()>()));
            let waits = poll_once(begun.as_mut()).await.is_pending();
            log.add(if waits && shields.is_open() {
                b'a'
            } else {
                b'x'
            });
        }
        let mut over = pin!(shields.shield_future(async {}));
        over.as_mut().await;
        log.add(if shields.is_open() { b'x' } else { b'b' });
        token.cancel();
        yield_now().await;
        log.add(b'x');
    };
    let result = Scope::new(&token, body).shields(&shields).await;
    ensure!(result.is_err());
    ensure!(log.says("ab"));
    Ok(())
}

/// A shield in a scope inside another one's body holds both.
pub async fn a_shield_holds_the_scopes_around_it<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let child = pin!(Child::new(&token));
    let child = child.enter();
    let outer = Shields::new();
    let inner = Shields::nested(&outer);
    let body = async {
        let within = async {
            let save = async {
                token.cancelled().await;
                let slept = runtime.sleep(ms(3)).await;
                log.add(if slept.is_ok() { b's' } else { b'x' });
            };
            inner.shield_future(save).await;
            pending::<()>().await;
        };
        let result = Scope::new(child, within).shields(&inner).await;
        log.add(if result.is_err() { b'i' } else { b'x' });
        pending::<()>().await;
    };
    let late = DeadlineSource::new(runtime.sleep(ms(2)));
    let result = Scope::new(&token, body).source(late).shields(&outer).await;
    ensure!(result.is_err());
    ensure!(log.says("si"));
    Ok(())
}

/// The token of shielded work is live although the scope is cancelled, and its deadline ends work below.
pub async fn shielded_work_is_ordinary_work<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields, log) = (Token::new(), Shields::new(), Log::default());
    let body = async {
        let work = async |inner: &Token| {
            token.cancelled().await;
            log.add(if inner.is_cancelled() { b'x' } else { b'a' });
            let child = pin!(Child::new(inner));
            let limit = DeadlineSource::new(runtime.sleep(ms(2)));
            let result = Scope::new(child.enter(), pending::<()>())
                .source(limit)
                .await;
            let reason = result.map_err(|why| why.reason());
            log.add(if reason == Err(Reason::Timeout) {
                b'b'
            } else {
                b'x'
            });
        };
        shields.shield(work).await;
        pending::<()>().await;
    };
    let late = DeadlineSource::new(runtime.sleep(ms(2)));
    let result = Scope::new(&token, body)
        .source(late)
        .shields(&shields)
        .await;
    ensure!(result.is_err());
    ensure!(log.says("ab"));
    Ok(())
}

/// A shield that lost a race and is kept, but not polled any more, does not keep the body.
pub async fn what_nobody_polls_holds_nobody<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let mut kept = pin!(shields.shield_future(pending::<()>()));
        let first = runtime.sleep(ms(1));
        futures_util::future::select(kept.as_mut(), pin!(first)).await;
        let slept = runtime.sleep(HOUR).await;
        let _ = slept;
    };
    let late = DeadlineSource::new(runtime.sleep(ms(3)));
    let result = Scope::new(&token, body)
        .source(late)
        .shields(&shields)
        .await;
    ensure!(result.is_err_and(|why| why.reason() == Reason::Timeout));
    ensure!(!shields.is_open());
    Ok(())
}

/// Shields that one scope uses are an error for another one; afterwards they are free.
pub async fn one_scope_at_a_time_uses_them<R: Timer>(runtime: &R) -> Outcome {
    let (token, shields) = (Token::new(), Shields::new());
    let body = async {
        let save = async {
            let second = Scope::new(&token, async {}).shields(&shields);
            let refused = second.await;
            let slept = runtime.sleep(ms(3)).await;
            refused.is_err_and(|why| why.reason() == Reason::Error) && slept.is_ok()
        };
        shields.shield_future(save).await
    };
    let late = DeadlineSource::new(runtime.sleep(ms(1)));
    let first = Scope::new(&token, body).source(late).shields(&shields);
    ensure!(first.await == Ok(true));
    let next = Scope::new(Token::never(), async { 5 }).shields(&shields);
    ensure!(next.await == Ok(5));
    Ok(())
}
