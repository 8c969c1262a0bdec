//! The monotonic clock of this crate: time since an epoch that the whole process shares. And what stands
//! for it where there is none.

use cancel_core::Timer;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Set by whoever asks for the time first.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time since the epoch. Never goes backwards; zero only for the first caller.
#[inline]
pub(crate) fn now() -> Duration {
    EPOCH.elapsed()
}

/// Whether there is one: on wasm without an operating system, asking for the time panics.
const IS_THERE: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

/// A clock to keep, for ages. It keeps no runtime that owns anything.
#[derive(Clone)]
pub(crate) enum Clock {
    /// This crate's.
    System,
    Runtime(Arc<dyn Fn() -> Duration + Send + Sync>),
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
    pub(crate) fn now(&self) -> Option<Duration> {
        match self {
            Clock::System => Some(now()),
            Clock::Runtime(now) => Some(now()),
            Clock::None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, now};
    use crate::{Sleep, Std};
    use cancel_core::Timer;
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
        assert!(now() < Duration::from_secs(24 * 3600));
    }

    #[test]
    fn no_runtime_is_kept_that_owns_something() {
        #[derive(Clone)]
        struct Owner(#[allow(dead_code)] Arc<()>);
        impl Timer for Owner {
            type Sleep = Sleep;
            fn now(&self) -> Duration {
                now()
            }
            fn sleep_until(&self, deadline: Duration) -> Sleep {
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
