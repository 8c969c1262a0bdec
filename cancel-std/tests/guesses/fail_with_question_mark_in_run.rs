//! `run` passes the body's value on; a body that can fail is given to `try_run`.

use cancel_std::Cancelable;

fn main() {
    let _ = Cancelable::new().run(async |_| {
        std::fs::read("input")?;
    });
}
