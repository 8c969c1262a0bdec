//! Tokio's clock, counted from an epoch.

use std::panic::catch_unwind;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::time::Instant;

/// Set by whoever asks first. The real time, which no paused clock is ahead of at its beginning.
static BASE: LazyLock<Instant> = LazyLock::new(of_system);

/// The epoch is this long before `BASE`: the paused clock of a runtime that was there before may be behind.
const MARGIN: Duration = Duration::from_secs(3600);

/// The time of the runtime on this thread; without one, that of the system.
pub(crate) fn now() -> Duration {
    let base = *BASE;
    // (A clock that can be paused is nowhere any more at the very end of a thread, which is a panic.)
    let now = catch_unwind(Instant::now).unwrap_or_else(|_| of_system());
    match now.checked_duration_since(base) {
        Some(since) => MARGIN.saturating_add(since),
        None => MARGIN.saturating_sub(base.duration_since(now)),
    }
}

fn of_system() -> Instant {
    Instant::from_std(std::time::Instant::now())
}

/// `None`: so far away that it never comes.
pub(crate) fn at(moment: Duration) -> Option<Instant> {
    match moment.checked_sub(MARGIN) {
        Some(since) => BASE.checked_add(since),
        None => Some(BASE.checked_sub(MARGIN - moment).unwrap_or(*BASE)),
    }
}
