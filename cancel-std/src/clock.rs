//! The monotonic clock of this crate: time since an epoch that the whole process shares.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Set by whoever asks for the time first.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time since the epoch. Never goes backwards; zero only for the first caller.
#[inline]
pub(crate) fn now() -> Duration {
    EPOCH.elapsed()
}

#[cfg(test)]
mod tests {
    use super::now;
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
}
