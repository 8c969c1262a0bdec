//! Trio: `fail_after` and `fail_at`.

use cancel_std::Cancelable;
use std::time::Duration;

fn main() {
    let _ = Cancelable::with_deadline(Duration::from_secs(2));
}
