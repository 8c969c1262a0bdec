//! Trio: `scope.deadline = ...` on the scope in use.

use cancel_std::Cancelable;
use std::time::Duration;

fn main() {
    let op = Cancelable::new().build();
    let _ = op.timeout(Duration::from_secs(1));
}
