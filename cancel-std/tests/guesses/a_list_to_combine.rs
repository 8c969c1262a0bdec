//! Python: `Cancelable.combine([TimeoutSource(600.0), token])`.

use cancel_std::{Cancelable, CancelToken};
use std::time::Duration;

fn main() {
    let token = CancelToken::new();
    let _ = Cancelable::combine([Cancelable::with_timeout(Duration::from_secs(600)), Cancelable::with_token(&token)]);
}
