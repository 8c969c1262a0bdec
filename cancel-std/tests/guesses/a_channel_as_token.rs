//! Rust programs that stop by a channel.

use cancel_std::CancelFutureExt;
use std::sync::mpsc::channel;

fn main() {
    let (_stop, stopped) = channel::<()>();
    let _ = async {}.until_cancelled(&stopped);
}
