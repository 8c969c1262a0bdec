//! Tasks that [`SpawnLocal`] starts.

use crate::Outcome;
use crate::failure::ensure;
use alloc::rc::Rc;
use cancel_core::{SpawnLocal, Timer, Token};

/// A task of the current thread may hold what is not `Send`.
pub async fn a_local_task_waits_for_a_token<R>(runtime: &R) -> Outcome
where
    R: Timer + SpawnLocal,
{
    let tokens = Rc::new((Token::new(), Token::new()));
    let task = Rc::clone(&tokens);
    let spawned = runtime.spawn_local(async move {
        let cancelled = task.0.cancelled().await;
        task.1.cancel_with(cancelled);
    });
    ensure!(spawned.is_ok());
    tokens.0.cancel_with("enough");
    ensure!(tokens.1.cancelled().await.message() == Some("enough"));
    Ok(())
}
