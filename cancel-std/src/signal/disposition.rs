//! What happens when a signal comes, as the process has it set up: read, never changed.
//!
//! Invariants
//!
//! * U1: `sigaction` without a new action only writes the old one, which is plain data, to a place
//!   that is ours and large enough.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;

/// What a process does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposition {
    /// What the system does by itself: for most signals, ending the process.
    Default,
    /// Nothing: as under `nohup`.
    Ignored,
    /// Somebody's function.
    Handled,
}

impl Disposition {
    /// That of a signal, now. An error if there is no such signal.
    pub(super) fn of(signal: i32) -> io::Result<Disposition> {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: no new action, and a valid place for the old one (U1).
        let result = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: zeroed before, and written by the call (U1).
        let action = unsafe { action.assume_init() };
        Ok(match action.sa_sigaction {
            libc::SIG_DFL => Disposition::Default,
            libc::SIG_IGN => Disposition::Ignored,
            _ => Disposition::Handled,
        })
    }
}
