use cancel_std::{Cancelable, Source, Std, Timer, cancelable};
use std::time::Duration;

// A length of time is not a moment.
#[cancelable(deadline = Duration::from_millis(50))]
async fn by_attribute() {}

fn main() {
    let limit = Duration::from_millis(50);
    let op = Cancelable::with_deadline(limit);
    op.set_deadline(limit);
    let _ = op.until(limit);
    let _: Source<Std> = Source::deadline(limit);
    let _ = Std.sleep_until(limit);
}
