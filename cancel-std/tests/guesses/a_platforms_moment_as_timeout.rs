//! Go: `context.WithDeadline(ctx, time.Now().Add(2 * time.Second))`.

use cancel_std::Cancelable;
use std::time::{Duration, Instant};

fn main() {
    let _ = Cancelable::with_timeout(Instant::now() + Duration::from_secs(2));
}
