//! The monotonic clock of this crate: time since an epoch that the whole process shares. And what stands
//! for it where there is none.

use cancel_core::{Instant, Timer};
use std::sync::{Arc, LazyLock};
use std::time::{self, Duration, SystemTime};

/// Set by whoever asks for the time first.
static EPOCH: LazyLock<time::Instant> = LazyLock::new(time::Instant::now);

/// The wall clock at the epoch. Asked when somebody first wants to know, which may be later: what it was then is
/// what the distance tells.
static UNIX_TIME: LazyLock<Option<Duration>> = LazyLock::new(|| {
    let since = EPOCH.elapsed();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.ok()?.checked_sub(since)
});

/// Never goes backwards; the epoch only for the first caller.
#[inline]
pub(crate) fn now() -> Instant {
    Instant::from_epoch(EPOCH.elapsed())
}

/// The wall clock's time at the epoch, since 1970.
pub(crate) fn unix_time_of_epoch() -> Option<Duration> {
    // (Where there is no clock, the other one is asked by nobody, either.)
    if IS_THERE { *UNIX_TIME } else { None }
}

/// The epoch if it is before that.
pub(crate) fn from_std(at: time::Instant) -> Instant {
    Instant::from_epoch(at.saturating_duration_since(*EPOCH))
}

/// `None`: so far away that the system's clock cannot say it.
pub(crate) fn to_std(at: Instant) -> Option<time::Instant> {
    if at == Instant::FAR_FUTURE {
        return None; // on some systems it could
    }
    EPOCH.checked_add(at.since_epoch())
}

/// Whether there is one: on wasm without an operating system, asking for the time panics.
const IS_THERE: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// A clock to keep, for ages. It keeps no runtime that owns anything.
#[derive(Clone)]
pub(crate) enum Clock {
    /// This crate's.
    System,
    Runtime(Arc<dyn Fn() -> Instant + Send + Sync>),
    None,
}

impl Clock {
    pub(crate) fn of<R: Timer + Clone + Send + Sync + 'static>(runtime: &R) -> Clock {
        match IS_THERE {
            true => Clock::System,
            false => Clock::of_runtime(runtime),
        }
    }

    fn of_runtime<R: Timer + Clone + Send + Sync + 'static>(runtime: &R) -> Clock {
        if std::mem::needs_drop::<R>() {
            return Clock::None;
        }
        let runtime = runtime.clone();
        Clock::Runtime(Arc::new(move || runtime.now()))
    }

    /// `None`: there is no telling. May run foreign code.
    pub(crate) fn now(&self) -> Option<Instant> {
        match self {
            Clock::System => Some(now()),
            Clock::Runtime(now) => Some(now()),
            Clock::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, from_std, now, to_std};
    use crate::{Sleep, Std};
    use cancel_core::{Instant, Timer};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn one_epoch_for_all_threads() {
        let before = now();
        let elsewhere = std::thread::spawn(now).join().unwrap();
        let after = now();
        assert!(before <= elsewhere && elsewhere <= after);
    }

    #[test]
    fn starts_near_zero() {
        assert!(now().since_epoch() < Duration::from_secs(24 * 3600));
    }

    #[test]
    fn x30_instants_of_the_system_keep_their_distances() {
        let (now, second) = (std::time::Instant::now(), Duration::from_secs(1));
        let _ = super::now();
        assert_eq!(from_std(now + 2 * second) - from_std(now + second), second);
        assert_eq!(to_std(from_std(now + second)), Some(now + second));
        if let Some(before) = now.checked_sub(1000 * second) {
            assert_eq!(from_std(before), Instant::EPOCH);
        }
        assert_eq!(to_std(Instant::FAR_FUTURE), None);
    }

    #[test]
    fn no_runtime_is_kept_that_owns_something() {
        #[derive(Clone)]
        struct Owner(#[allow(dead_code)] Arc<()>);
        impl Timer for Owner {
            type Sleep = Sleep;
            fn now(&self) -> Instant {
                now()
            }
            fn sleep_until(&self, deadline: Instant) -> Sleep {
                Std.sleep_until(deadline)
            }
        }
        let owner = Owner(Arc::new(()));
        assert!(matches!(Clock::of(&owner), Clock::System));
        assert!(Clock::of_runtime(&owner).now().is_none());
        assert_eq!(Arc::strong_count(&owner.0), 1);
        let before = now();
        assert!(Clock::of_runtime(&Std).now() >= Some(before));
    }
}
