//! What a task of a group cannot return: a value that may be an error, an error without a text.

use cancel_std::Cancelable;

struct Page;

async fn load() -> Page {
    Page
}

async fn save() -> Result<(), Page> {
    Ok(())
}

fn main() {
    let _ = Cancelable::new().run_group(async |group| {
        group.spawn(|_| load());
        group.spawn_value(|_| load());
    });
    let _ = Cancelable::new().run_group(async |group| {
        group.spawn(|_| save());
        group.spawn_value(|_| save());
    });
}
