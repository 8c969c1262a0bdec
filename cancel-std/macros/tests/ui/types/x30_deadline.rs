use cancel_std::{Cancelable, Source, Std, Timer, cancelable};
use std::time::Duration;

// A length of time is not a moment.
#[cancelable(deadline = Duration::from_millis(50))]
async fn by_attribute() {}

fn main() {
    let limit = Duration::from_millis(50);
    let _ = Cancelable::with_deadline(limit);
    let op = Cancelable::new().build();
    op.set_deadline(limit);
    let _ = Cancelable::new().deadline(limit);
    let _: Source<Std> = Source::deadline(limit);
    let _ = Std.sleep_until(limit);
}
