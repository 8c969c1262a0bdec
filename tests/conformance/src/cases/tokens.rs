//! Tokens without a heap.

use crate::Outcome;
use crate::failure::ensure;
use cancel_core::{Timer, Token};

/// Only the first cancel wins, and its cause stays.
pub async fn first_cancel_wins<R: Timer>(_: &R) -> Outcome {
    let token = Token::new();
    ensure!(!token.is_cancelled());
    ensure!(token.cancel_with("first"));
    ensure!(!token.cancel_with("second"));
    ensure!(token.cancelled().await.message() == Some("first"));
    Ok(())
}
