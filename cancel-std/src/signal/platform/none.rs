//! No signals: all are refused when built, so that the rest is never reached.

use std::io;

pub(super) fn name(_: i32) -> Option<&'static str> {
    None
}

/// Why a signal cannot be listened for.
pub(super) fn refuse(_: i32) -> Option<&'static str> {
    Some("there are no signals on this platform")
}

pub(super) fn watch(_: i32, _: fn(i32)) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn rest(_: i32) {}

pub(super) fn arrived(_: i32) -> bool {
    false
}

pub(super) fn pass_on(_: i32) {}

pub(super) fn end(_: i32) {}

#[derive(Debug)]
pub(super) struct ExitOnSecond;

impl ExitOnSecond {
    /// Of none: see `Signals::shutdown`.
    pub(super) fn new(_: &[i32]) -> ExitOnSecond {
        ExitOnSecond
    }
}
