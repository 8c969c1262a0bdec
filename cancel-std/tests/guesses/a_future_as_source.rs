//! tokio: `select! { _ = shutdown.recv() => .. }`.

use cancel_std::Cancelable;

async fn shutdown() {}

fn main() {
    let _ = Cancelable::new().source(shutdown());
}
