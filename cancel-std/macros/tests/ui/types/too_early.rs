use cancel_std::{Cx, cancelable};

// The operation does not exist yet when the arguments are evaluated.
#[cancelable(token = cx.token())]
async fn too_early(cx: &Cx) {}

fn main() {}
