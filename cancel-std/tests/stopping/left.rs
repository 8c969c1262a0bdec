//! That nothing is left.

use crate::alloc::live_here;
use crate::cast::Set;
use cancel_std::{Timer, current_id, current_token};
use std::sync::Arc;

/// Plays it twice in the same set. The second time has to leave everything as it was.
pub(crate) fn behind_nothing(name: &str, play: impl Fn(&Set) -> String) -> String {
    let set = Set::new();
    let first = play(&set);
    nothing(name, &set);
    let before = (live_here(), threads());
    let second = play(&set);
    assert_eq!(first, second, "{name}: not the same again");
    drop(second);
    nothing(name, &set);
    // Whatever hangs on the long-lived token, the clock or the thread shows here.
    assert_eq!((live_here(), threads()), before, "{name}: memory, threads");
    first
}

fn nothing(name: &str, set: &Set) {
    assert_eq!(set.time.pending_timers(), 0, "{name}: timers");
    assert_eq!(set.time.pending_tasks(), 0, "{name}: tasks");
    assert_eq!(Arc::strong_count(&set.run), 1, "{name}: held by the run");
    let callbacks = Arc::strong_count(&set.callbacks);
    assert_eq!(callbacks, 1, "{name}: held by callbacks");
    assert_eq!(current_id(), None, "{name}: current");
    assert!(current_token().is_none(), "{name}: current");
    assert!(!set.user.is_cancelled(), "{name}: following is one-way");
    assert!(set.notes.take().is_empty(), "{name}: afterwards");
    assert!(set.time.now() >= Timer::now(&set.time));
}

/// How many threads this process has, where that can be seen.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[cfg(not(target_os = "linux"))]
fn threads() -> usize {
    0
}
