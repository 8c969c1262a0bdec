//! Python: `Cancelable.with_timeout(2.0)`.

use cancel_std::Cancelable;

fn main() {
    let _ = Cancelable::with_timeout(2.0);
}
