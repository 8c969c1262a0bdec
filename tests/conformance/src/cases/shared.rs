//! Tokens on the heap.

use crate::Outcome;
use crate::failure::ensure;
use cancel_core::{CancelToken, Timer};

/// A clone is the same token.
pub async fn clones_are_one_token<R: Timer>(_: &R) -> Outcome {
    let token = CancelToken::new();
    let clone = token.clone();
    ensure!(clone == token);
    ensure!(clone.cancel());
    ensure!(token.is_cancelled());
    Ok(())
}
