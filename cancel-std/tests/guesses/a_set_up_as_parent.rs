//! Python: `Cancelable(name="child", parent=parent)`.

use cancel_std::Cancelable;

fn main() {
    let parent = Cancelable::new().name("parent");
    let _ = Cancelable::new().name("child").parent(&parent);
}
