//! Python: `Cancelable(sources=[ConditionSource(disk_full, 5.0)])`.

use cancel_std::Cancelable;

fn disk_full() -> bool {
    false
}

fn main() {
    let _ = Cancelable::new().source(disk_full);
}
