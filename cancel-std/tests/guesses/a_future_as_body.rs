//! tokio: `timeout(duration, future)`.

use cancel_std::Cancelable;
use std::time::Duration;

async fn work() -> u32 {
    1
}

fn main() {
    let _ = Cancelable::with_timeout(Duration::from_secs(1)).run(work());
}
