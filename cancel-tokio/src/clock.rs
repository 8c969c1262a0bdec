//! Tokio's clock, counted from an epoch.

use cancel_core::Instant;
use std::panic::catch_unwind;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use tokio::time;

/// Set by the first call that needs it. The real time, which no paused clock is ahead of at its beginning.
static BASE: LazyLock<time::Instant> = LazyLock::new(of_system);

/// The epoch is this long before `BASE`: the paused clock of a runtime that was there before may be behind.
const MARGIN: Duration = Duration::from_secs(3600);

/// The time of the runtime on this thread; without one, that of the system.
pub(crate) fn now() -> Instant {
    let _ = *BASE; // before the present
    // (A clock that can be paused is nowhere any more at the very end of a thread, which is a panic.)
    from_tokio(catch_unwind(time::Instant::now).unwrap_or_else(|_| of_system()))
}

/// The wall clock's time at the epoch, since 1970: asked once, when somebody first wants to know.
pub(crate) fn unix_time_of_epoch() -> Option<Duration> {
    static UNIX_TIME: LazyLock<Option<Duration>> = LazyLock::new(|| {
        let since = of_system().duration_since(*BASE).saturating_add(MARGIN);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.ok()?.checked_sub(since)
    });
    *UNIX_TIME
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

/// Whether the clock of this runtime stands still. Tokio does not tell, but a clock that runs has moved on
/// when that of the system has, and not further.
pub(crate) fn is_paused(handle: &Handle) -> bool {
    // (Nothing can be entered at the very end of a thread, and tokio's clock panics there.)
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return false;
    }
    let _inside = handle.enter();
    let began = std::time::Instant::now();
    let first = time::Instant::now();
    let read = std::time::Instant::now();
    while std::time::Instant::now() <= read {
        std::hint::spin_loop();
    }
    let second = time::Instant::now();
    let runs = first < second && second.duration_since(first) <= began.elapsed();
    !runs
}
