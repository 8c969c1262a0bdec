//! .NET: `CreateLinkedTokenSource(a, b)`.

use cancel_std::{CancelToken, Cancelable};

fn main() {
    let (a, b) = (CancelToken::new(), CancelToken::new());
    let _ = Cancelable::with_token([&a, &b]);
}
