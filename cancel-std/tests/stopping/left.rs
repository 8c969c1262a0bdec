//! That nothing is left.

use crate::alloc::live_here;
use crate::cast::Set;
use cancel_std::{current_id, current_token};
use std::sync::Arc;

/// Plays it twice in the same set. The second time has to leave everything as it was. (Memory cannot be
/// told if other threads have a part in it.)
pub(crate) fn behind_nothing(name: &str, alone: bool, play: impl Fn(&Set) -> String) -> String {
    let set = Set::new();
    let first = play(&set);
    nothing(name, &set);
    let before = (live_here(), threads(), handled_signals());
    let second = play(&set);
    assert_eq!(first, second, "{name}: not the same again");
    drop(second);
    nothing(name, &set);
    // Whatever hangs on the long-lived token, the clock or the thread shows here.
    if alone {
        assert_eq!(live_here(), before.0, "{name}: memory");
    }
    assert_eq!(threads(), before.1, "{name}: threads");
    assert_eq!(handled_signals(), before.2, "{name}: signal handlers");
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
}

/// How many threads this process has, where that can be seen.
fn threads() -> usize {
    match cfg!(target_os = "linux") {
        true => std::fs::read_dir("/proc/self/task").unwrap().count(),
        false => 0,
    }
}

/// Which signals have handlers, where that can be seen.
fn handled_signals() -> u64 {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap()
}
