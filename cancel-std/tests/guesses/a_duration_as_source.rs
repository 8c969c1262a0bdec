//! Python: `Cancelable(sources=[TimeoutSource(600.0)])`.

use cancel_std::Cancelable;
use std::time::Duration;

fn main() {
    let _ = Cancelable::new().source(Duration::from_secs(600));
}
