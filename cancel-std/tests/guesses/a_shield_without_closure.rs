//! anyio: `with CancelScope(shield=True)`; Python: `async with cancel.shield()`.

use cancel_std::Cancelable;

async fn clean_up() {}

fn main() {
    let _ = Cancelable::new().run(async |cx| {
        cx.shield(clean_up()).await;
    });
}
