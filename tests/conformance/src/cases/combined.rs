//! Sources made of others: any of them, all of them.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::{HOUR, ms};
use cancel_core::{DeadlineSource, Reason, Scope, Timer, Token, all_of, any_of};
use core::future::{Future, pending, ready};
use core::time::Duration;

/// A source that fires after a time, with a reason of its own.
fn after<R: Timer>(runtime: &R, length: Duration, code: u16) -> impl Future<Output = Reason> {
    let sleep = runtime.sleep(length);
    async move {
        match sleep.await {
            Ok(()) => Reason::Custom(code),
            Err(_) => Reason::Error,
        }
    }
}

/// The first of two fires, with its own cause, on whichever side it stands.
pub async fn the_first_of_two_fires<R: Timer>(runtime: &R) -> Outcome {
    let cause = any_of(after(runtime, ms(2), 1), after(runtime, HOUR, 2)).await;
    ensure!(cause.reason() == Reason::Custom(1));
    let cause = any_of(after(runtime, HOUR, 1), after(runtime, ms(2), 2)).await;
    ensure!(cause.reason() == Reason::Custom(2));
    Ok(())
}

/// In a tie the one that is named first fires.
pub async fn the_one_named_first_is_asked_first<R: Timer>(_: &R) -> Outcome {
    let cause = any_of(ready(Reason::Condition), ready(Reason::Timeout)).await;
    ensure!(cause.reason() == Reason::Condition);
    Ok(())
}

/// All of two fires with the later one, not before both are due, on whichever side it stands.
pub async fn the_last_of_two_fires<R: Timer>(runtime: &R) -> Outcome {
    for later_first in [false, true] {
        let start = runtime.now();
        let late = after(runtime, ms(7), 7);
        let early = DeadlineSource::new(runtime.sleep(ms(2)));
        let cause = match later_first {
            true => all_of(late, early).await,
            false => all_of(early, late).await,
        };
        ensure!(runtime.now() >= start + ms(7));
        // (If the machine stood still, both came in one poll, and the second counts.)
        let tie = later_first && cause.reason() == Reason::Timeout;
        ensure!(cause.reason() == Reason::Custom(7) || tie);
    }
    Ok(())
}

/// If both fire in one poll, the second counts as the later.
pub async fn in_one_poll_the_second_is_the_later<R: Timer>(_: &R) -> Outcome {
    let cause = all_of(ready(Reason::Condition), ready(Reason::Shutdown)).await;
    ensure!(cause.reason() == Reason::Shutdown);
    Ok(())
}

/// All of two does not fire while one of them does not.
pub async fn one_alone_is_not_all<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let body = async { runtime.sleep(ms(4)).await };
    let both = all_of(ready(Reason::Condition), pending::<Reason>());
    ensure!(Scope::new(&token, body).source(both).await == Ok(Ok(())));
    ensure!(!token.is_cancelled());
    Ok(())
}

/// They nest, and the cause that fired comes through.
pub async fn they_nest<R: Timer>(runtime: &R) -> Outcome {
    let (token, other) = (Token::new(), Token::new());
    other.cancel_with(Reason::Signal(2));
    let both = all_of(other.cancelled(), after(runtime, ms(2), 5));
    let source = any_of(after(runtime, HOUR, 6), any_of(pending::<Reason>(), both));
    let result = Scope::new(&token, pending::<()>()).source(source).await;
    ensure!(result.is_err_and(|why| why.reason() == Reason::Custom(5)));
    Ok(())
}
