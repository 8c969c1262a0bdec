//! Tasks that [`Spawn`] starts.

use crate::Outcome;
use crate::failure::ensure;
use cancel_core::{CancelToken, Spawn, Timer};

/// A task ends with its token, and tells so with another one.
pub async fn a_task_waits_for_a_token<R>(runtime: &R) -> Outcome
where
    R: Timer + Spawn,
{
    let (stop, gone) = (CancelToken::new(), CancelToken::new());
    let (waits, tells) = (stop.clone(), gone.clone());
    let spawned = runtime.spawn(async move {
        let cancelled = waits.cancelled().await;
        tells.cancel_with(cancelled);
    });
    ensure!(spawned.is_ok());
    stop.cancel_with("enough");
    ensure!(gone.cancelled().await.message() == Some("enough"));
    Ok(())
}
