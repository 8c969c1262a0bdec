//! Go: `g.Go(func() error { ... })`.

use cancel_std::{Cancelable, Cx};

fn main() {
    let _ = Cancelable::new().run(|cx: &Cx| cx.report_progress("working"));
}
