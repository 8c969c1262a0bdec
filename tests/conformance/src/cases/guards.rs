//! Guards: a token is cancelled when something is dropped.

use crate::Outcome;
use crate::failure::ensure;
use crate::tools::ms;
use cancel_core::{Reason, TimeoutExt, Timer, Token};
use core::future::pending;

/// A guard cancels when it is dropped, with the reason *dropped*.
pub async fn a_guard_cancels_when_dropped<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let guard = token.drop_guard_ref();
    ensure!(!token.is_cancelled());
    drop(guard);
    ensure!(token.cancelled().await.reason() == Reason::Dropped);
    Ok(())
}

/// A guard that is disarmed does not.
pub async fn a_disarmed_guard_does_not<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    let guard = token.drop_guard_ref();
    ensure!(!guard.disarm().is_cancelled());
    ensure!(!token.is_cancelled());
    Ok(())
}

/// A guard inside work that a timeout drops cancels then.
pub async fn a_guard_goes_with_its_work<R: Timer>(runtime: &R) -> Outcome {
    let token = Token::new();
    let work = async {
        let _guard = token.drop_guard_ref();
        pending::<()>().await;
    };
    ensure!(work.timeout(runtime, ms(2)).await.is_err());
    ensure!(
        token
            .cause()
            .is_some_and(|why| why.reason() == Reason::Dropped)
    );
    Ok(())
}
