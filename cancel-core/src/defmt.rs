//! `defmt::Format`: the same words as `Display`, without the code of `core::fmt`.

use crate::cause::Cancelled;
use crate::cause::Reason;
use crate::rt::{SpawnError, TimerError};
use crate::token::Token;
use defmt::{Format, Formatter, write};

impl Format for Reason {
    fn format(&self, f: Formatter<'_>) {
        match self {
            Reason::Signal(payload) | Reason::Custom(payload) => {
                write!(f, "{=str} {=u16}", self.name(), *payload);
            }
            _ => write!(f, "{=str}", self.name()),
        }
    }
}

impl Format for Cancelled {
    fn format(&self, f: Formatter<'_>) {
        let reason = self.root_reason();
        match (self.is_inherited(), self.message()) {
            (false, None) => write!(f, "cancelled: {}", reason),
            (false, Some(message)) => write!(f, "cancelled: {}: {=str}", reason, message),
            (true, None) => write!(f, "cancelled by parent ({})", reason),
            (true, Some(message)) => {
                write!(f, "cancelled by parent ({}): {=str}", reason, message);
            }
        }
    }
}

impl Format for TimerError {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "timer failed: {=str}", self.description());
    }
}

impl Format for SpawnError {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "cannot spawn: {=str}", self.description());
    }
}

/// Its state, and why. Takes no lock.
impl Format for Token {
    fn format(&self, f: Formatter<'_>) {
        match self.cause() {
            Some(cancelled) => write!(f, "token ({})", cancelled),
            None => write!(f, "token (live)"),
        }
    }
}

#[cfg(feature = "alloc")]
impl Format for crate::token::CancelToken {
    fn format(&self, f: Formatter<'_>) {
        Token::format(self, f);
    }
}
