//! Scopes: a body beside the sources that may ask for its end.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, Log, ms, poll_once, yield_now};
use cancel_core::{Cause, Child, DeadlineSource, Reason, Scope, StaticCause, Timer, Token};
use core::future::{pending, ready};
use core::pin::pin;
use futures_util::future::join;
use futures_util::stream;

/// A body that ends before any source fires gives its output, and its token stays live.
pub async fn a_body_ends_by_itself<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let body = async {
        let slept = runtime.sleep(ms(2)).await;
        slept.map(|()| 5)
    };
    let run = Scope::new(&token, body).source(DeadlineSource::new(runtime.sleep(HOUR)));
    ensure!(run.await == Ok(Ok(5)));
    ensure!(!token.is_cancelled());
    Ok(())
}

/// A source that fires drops the body, and cancels the token and its children with its cause.
pub async fn a_source_cancels_the_token<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let child = pin!(Child::new(&token));
    let child = child.enter();
    let deadline = runtime.now() + ms(3);
    let late = DeadlineSource::new(runtime.sleep_until(deadline));
    let result = Scope::new(&token, pending::<()>()).source(late).await;
    ensure!(runtime.now() >= deadline);
    ensure!(result.is_err_and(|cancelled| cancelled.reason() == Reason::Timeout));
    ensure!(token.is_cancelled());
    ensure!(child.cancelled().await.root_reason() == Reason::Timeout);
    Ok(())
}

/// A cancel of the token from elsewhere drops the body.
pub async fn a_cancel_from_elsewhere_ends_it<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let cancel =
        async { runtime.sleep(ms(2)).await.is_ok() && token.cancel_with(Reason::Shutdown) };
    let (result, won) = join(Scope::new(&token, pending::<()>()), cancel).await;
    ensure!(won);
    ensure!(result.is_err_and(|cancelled| cancelled.reason() == Reason::Shutdown));
    Ok(())
}

/// Of sources that are due at once the one that was added first counts.
pub async fn the_source_added_first_counts<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let run = Scope::new(&token, pending::<()>())
        .source(pending::<Reason>())
        .source(ready(Reason::Condition))
        .source(ready(Reason::Shutdown));
    ensure!(
        run.await
            .is_err_and(|why| why.reason() == Reason::Condition)
    );
    Ok(())
}

/// Of two deadlines the earlier one ends the run.
pub async fn the_earlier_deadline_ends_it<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let early = async {
        let _ = runtime.sleep(ms(2)).await;
        Reason::Custom(1)
    };
    let run = Scope::new(&token, pending::<()>())
        .source(DeadlineSource::new(runtime.sleep(HOUR)))
        .source(early);
    ensure!(
        run.await
            .is_err_and(|why| why.reason() == Reason::Custom(1))
    );
    Ok(())
}

/// Under a token that was cancelled beforehand neither body nor sources are polled.
pub async fn cancelled_beforehand_nothing_begins<R: Timer>(_: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    token.cancel_with(Reason::Shutdown);
    let source = async {
        log.add(b's');
        Reason::Timeout
    };
    let run = Scope::new(&token, async { log.add(b'b') }).source(source);
    ensure!(run.await.is_err_and(|why| why.reason() == Reason::Shutdown));
    ensure!(log.says(""));
    Ok(())
}

/// A body that is ready in the poll in which a source is, wins; the source does not cancel.
pub async fn the_body_wins_in_a_tie<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let run = Scope::new(&token, ready(5)).source(ready(Reason::Timeout));
    ensure!(run.await == Ok(5));
    ensure!(!token.is_cancelled());
    Ok(())
}

/// A body that cancels its own token and is ready gives its value.
pub async fn a_value_is_kept_after_a_cancel<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let body = async {
        token.cancel();
        5
    };
    ensure!(Scope::new(&token, body).await == Ok(5));
    ensure!(token.is_cancelled());
    Ok(())
}

/// A body that cancels its own token and goes on is dropped where it waits next.
pub async fn a_body_that_cancels_itself_goes_at_its_next_wait<R: Timer>(_: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    let body = async {
        let _gone = log.on_drop(b'd');
        token.cancel();
        log.add(b'a');
        yield_now().await;
        log.add(b'x');
    };
    let result = Scope::new(&token, body).await;
    ensure!(result.is_err_and(|why| why.reason() == Reason::Manual));
    ensure!(log.says("ad"));
    Ok(())
}

/// A scope that is dropped drops its body and sources, and does not cancel its token.
pub async fn a_dropped_scope_does_not_cancel<R: Timer>(runtime: &R) -> Outcome {
    let (token, log) = (Token::new(), Log::default());
    {
        let body = async {
            let _gone = log.on_drop(b'd');
            pending::<()>().await;
        };
        let late = DeadlineSource::new(runtime.sleep(HOUR));
        let mut run = pin!(Scope::new(&token, body).source(late));
        ensure!(poll_once(run.as_mut()).await.is_pending());
        ensure!(log.says(""));
    }
    ensure!(log.says("d"));
    ensure!(!token.is_cancelled());
    ensure!(token.cancel());
    Ok(())
}

/// Under the token that is never cancelled the sources end the run.
pub async fn sources_end_what_has_no_token<R: Timer>(runtime: &R) -> Outcome {
    let late = DeadlineSource::new(runtime.sleep(ms(2)));
    let run = Scope::new(Token::never(), pending::<()>()).source(late);
    ensure!(run.await.is_err_and(|why| why.reason() == Reason::Timeout));
    ensure!(!Token::never().is_cancelled());
    Ok(())
}

/// Another token is a source; its cause comes through with reason and message.
pub async fn another_token_is_a_source<R: Timer>(runtime: &R) -> Outcome {
    static DISK_FULL: StaticCause = StaticCause::new(Reason::Condition, "disk full");
    let (token, other) = (Token::new(), Token::new());
    let run = Scope::new(&token, pending::<()>()).source(other.cancelled());
    let cancel = async { runtime.sleep(ms(2)).await.is_ok() && other.cancel_with(&DISK_FULL) };
    let (result, won) = join(run, cancel).await;
    ensure!(won);
    ensure!(
        result
            .as_ref()
            .is_err_and(|why| why.reason() == Reason::Condition)
    );
    ensure!(result.is_err_and(|why| why.message() == Some("disk full")));
    ensure!(
        token
            .cause()
            .is_some_and(|why| why.message() == Some("disk full"))
    );
    Ok(())
}

/// Sources may come as a stream, of which the first item cancels.
pub async fn sources_may_be_a_stream<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let requests = stream::iter([
        Cause::new(Reason::Signal(2)),
        Cause::new(Reason::Signal(15)),
    ]);
    let run = Scope::new(&token, pending::<()>()).sources(requests);
    ensure!(
        run.await
            .is_err_and(|why| why.reason() == Reason::Signal(2))
    );
    Ok(())
}

/// A source set before a stream of sources counts as one set after it does.
pub async fn sources_add_up<R: Timer>(runtime: &R) -> Outcome {
    for late in [false, true] {
        let token = Token::new();
        let (before, after) = match late {
            false => (ms(2), HOUR),
            true => (HOUR, ms(2)),
        };
        let run = Scope::new(&token, pending::<()>())
            .source(DeadlineSource::new(runtime.sleep(before)))
            .sources(stream::pending::<Cause>())
            .source(DeadlineSource::new(runtime.sleep(after)));
        ensure!(run.await.is_err_and(|why| why.reason() == Reason::Timeout));
    }
    Ok(())
}
