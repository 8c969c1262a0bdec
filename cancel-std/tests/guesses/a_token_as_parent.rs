//! .NET: `CreateLinkedTokenSource(token)`.

use cancel_std::{CancelToken, Cancelable};

fn main() {
    let token = CancelToken::new();
    let _ = Cancelable::new().parent(&token);
}
