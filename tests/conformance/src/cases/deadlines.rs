//! Deadlines of the runtime's timer.

use crate::Outcome;
use crate::failure::ensure;
use cancel_core::{Reason, TimeoutExt, Timer};
use core::future::pending;
use core::time::Duration;

/// A timeout of zero is due at the first poll.
pub async fn zero_is_due_at_once<R: Timer + Clone>(runtime: &R) -> Outcome {
    let late = pending::<()>().timeout(runtime, Duration::ZERO).await;
    ensure!(late.is_err_and(|cancelled| cancelled.reason() == Reason::Timeout));
    Ok(())
}
