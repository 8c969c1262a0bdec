//! Tokio's clock, counted from an epoch.

use cancel_core::Instant;
use std::panic::catch_unwind;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::time;

/// Set by whoever asks first. The real time, which no paused clock is ahead of at its beginning.
static BASE: LazyLock<time::Instant> = LazyLock::new(of_system);

/// The epoch is this long before `BASE`: the paused clock of a runtime that was there before may be behind.
const MARGIN: Duration = Duration::from_secs(3600);

/// The time of the runtime on this thread; without one, that of the system.
pub(crate) fn now() -> Instant {
    let _ = *BASE; // before the present
    // (A clock that can be paused is nowhere any more at the very end of a thread, which is a panic.)
    from_tokio(catch_unwind(time::Instant::now).unwrap_or_else(|_| of_system()))
}

fn of_system() -> time::Instant {
    time::Instant::from_std(std::time::Instant::now())
}

/// The epoch if it is before that.
pub(crate) fn from_tokio(at: time::Instant) -> Instant {
    let base = *BASE;
    Instant::from_epoch(match at.checked_duration_since(base) {
        Some(since) => MARGIN.saturating_add(since),
        None => MARGIN.saturating_sub(base.duration_since(at)),
    })
}

/// `None`: so far away that it never comes.
pub(crate) fn to_tokio(at: Instant) -> Option<time::Instant> {
    if at == Instant::FAR_FUTURE {
        return None; // on some systems it could be said
    }
    let at = at.since_epoch();
    match at.checked_sub(MARGIN) {
        Some(since) => BASE.checked_add(since),
        None => Some(BASE.checked_sub(MARGIN - at).unwrap_or(*BASE)),
    }
}
