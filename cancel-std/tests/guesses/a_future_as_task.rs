//! tokio: `set.spawn(future)`.

use cancel_std::Cancelable;

async fn part() {}

fn main() {
    let _ = Cancelable::new().run_group(async |group| {
        group.spawn(part());
    });
}
