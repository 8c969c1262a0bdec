//! Real-time signals, where there are any: their names, and their default action, which is to end the
//! process.
//!
//! Invariants
//!
//! * U7: the calls of `end` may be made in a handler, and get valid pointers to plain data.
#![allow(unsafe_code)]

/// The names from the first one on. (Which numbers they have is known only when the program runs.)
const NAMES: [&str; 33] = [
    "SIGRTMIN",
    "SIGRTMIN+1",
    "SIGRTMIN+2",
    "SIGRTMIN+3",
    "SIGRTMIN+4",
    "SIGRTMIN+5",
    "SIGRTMIN+6",
    "SIGRTMIN+7",
    "SIGRTMIN+8",
    "SIGRTMIN+9",
    "SIGRTMIN+10",
    "SIGRTMIN+11",
    "SIGRTMIN+12",
    "SIGRTMIN+13",
    "SIGRTMIN+14",
    "SIGRTMIN+15",
    "SIGRTMIN+16",
    "SIGRTMIN+17",
    "SIGRTMIN+18",
    "SIGRTMIN+19",
    "SIGRTMIN+20",
    "SIGRTMIN+21",
    "SIGRTMIN+22",
    "SIGRTMIN+23",
    "SIGRTMIN+24",
    "SIGRTMIN+25",
    "SIGRTMIN+26",
    "SIGRTMIN+27",
    "SIGRTMIN+28",
    "SIGRTMIN+29",
    "SIGRTMIN+30",
    "SIGRTMIN+31",
    "SIGRTMIN+32",
];

/// The first and the last one that programs may use.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn range() -> Option<(i32, i32)> {
    Some((libc::SIGRTMIN(), libc::SIGRTMAX()))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn range() -> Option<(i32, i32)> {
    None
}

/// Takes no lock: also for handlers.
pub(super) fn name(signal: i32) -> Option<&'static str> {
    let (first, last) = range()?;
    if !(first..=last).contains(&signal) {
        return None;
    }
    NAMES.get(usize::try_from(signal - first).ok()?).copied()
}

/// Ends the process as the signal does by default.
pub(super) fn end(signal: i32) {
    // SAFETY: the actions and sets are plain data, for which zeros are valid; all calls may be made in
    // handlers (U7).
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = libc::SIG_DFL;
        if libc::sigaction(signal, &action, std::ptr::null_mut()) == 0 {
            let mut unblocked: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut unblocked);
            libc::sigaddset(&mut unblocked, signal);
            // Of this thread only: `raise` sends it there.
            libc::pthread_sigmask(libc::SIG_UNBLOCK, &unblocked, std::ptr::null_mut());
            libc::raise(signal);
        }
        // Something failed, or somebody has set up a handler in between.
        libc::abort()
    }
}
