//! Windows: Ctrl-C (and Ctrl-Break, which the `ctrlc` crate does not tell apart), heard by that
//! crate's thread. Its handler stays; with nobody listening it ends the process, as the system would.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

const SIGINT: i32 = 2;
/// `STATUS_CONTROL_C_EXIT`.
const CONTROL_C_EXIT: u32 = 0xC000_013A;

static INSTALLED: Mutex<bool> = Mutex::new(false);
/// SeqCst, as on Unix: it publishes nothing.
static ARRIVED: AtomicBool = AtomicBool::new(false);

pub(super) fn name(signal: i32) -> Option<&'static str> {
    match signal {
        1 => Some("SIGHUP"),
        SIGINT => Some("SIGINT"),
        3 => Some("SIGQUIT"),
        4 => Some("SIGILL"),
        8 => Some("SIGFPE"),
        9 => Some("SIGKILL"),
        11 => Some("SIGSEGV"),
        15 => Some("SIGTERM"),
        22 => Some("SIGABRT"),
        _ => None,
    }
}

/// Why a signal cannot be listened for.
pub(super) fn refuse(signal: i32) -> Option<&'static str> {
    (signal != SIGINT).then_some("on Windows there is only SIGINT, which is Ctrl-C")
}

/// From now on the thread hears of Ctrl-C, and calls `heard`.
pub(super) fn watch(_: i32, heard: fn(i32)) -> io::Result<()> {
    // The flag changes in one step.
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        let handler = move || {
            ARRIVED.store(true, Ordering::SeqCst);
            heard(SIGINT);
        };
        ctrlc::set_handler(handler).map_err(io::Error::other)?;
        *installed = true;
    }
    Ok(())
}

/// Nobody listens any more. The handler finds that out by itself.
pub(super) fn rest(_: i32) {}

/// Whether it has come since the last time.
pub(super) fn arrived(_: i32) -> bool {
    ARRIVED.swap(false, Ordering::SeqCst)
}

/// A Ctrl-C that nobody heard.
pub(super) fn pass_on(signal: i32) {
    end(signal);
}

/// The default action.
pub(super) fn end(_: i32) {
    std::process::exit(CONTROL_C_EXIT as i32)
}

/// The registry counts: the thread that does so is nobody's but the crate's.
#[derive(Debug)]
pub(super) struct ExitOnSecond;

impl ExitOnSecond {
    pub(super) fn new(_: &[i32]) -> ExitOnSecond {
        ExitOnSecond
    }
}
