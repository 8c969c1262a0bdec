//! tokio: a `JoinSet` takes tasks of any type.

use cancel_std::Cancelable;

struct Page;

fn main() {
    let _ = Cancelable::new().run_group(async |group| {
        group.spawn(|_| async { Page });
    });
}
