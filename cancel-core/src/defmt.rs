//! `defmt::Format`: the same words as `Display`, without the code of `core::fmt`.

use crate::cause::Cancelled;
use crate::cause::Reason;
use crate::cause::TokenId;
use crate::rt::{Instant, SpawnError, TimerError};
use crate::token::Token;
use core::time::Duration;
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
        match self.is_inherited() {
            false => write!(f, "cancelled: {}", self.root_reason()),
            true => write!(f, "cancelled by parent ({}", self.root_reason()),
        }
        let (name, limit) = self.name_and_limit();
        if let Some(limit) = limit {
            write!(f, " of {}", Limit(limit));
        }
        if let Some(name) = name {
            write!(f, " of \"{=str}\"", name);
        }
        if self.is_inherited() {
            write!(f, ")");
        }
        if let Some(message) = self.message() {
            write!(f, ": {=str}", message);
        }
    }
}

/// In the largest unit that needs no fraction.
struct Limit(Duration);

impl Format for Limit {
    fn format(&self, f: Formatter<'_>) {
        let (seconds, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        if nanos == 0 {
            write!(f, "{=u64}s", seconds);
        } else if nanos % 1_000_000 == 0 {
            write!(f, "{=u128}ms", self.0.as_millis());
        } else if nanos % 1_000 == 0 {
            write!(f, "{=u128}us", self.0.as_micros());
        } else {
            write!(f, "{=u128}ns", self.0.as_nanos());
        }
    }
}

impl Format for TokenId {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "token-{=usize:x}", self.addr());
    }
}

/// Seconds and nanoseconds since the epoch.
impl Format for Instant {
    fn format(&self, f: Formatter<'_>) {
        let time = self.since_epoch();
        match *self == Instant::FAR_FUTURE {
            true => write!(f, "Instant(FAR_FUTURE)"),
            false => write!(
                f,
                "Instant({=u64} s {=u32} ns)",
                time.as_secs(),
                time.subsec_nanos()
            ),
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
