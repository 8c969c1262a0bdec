//! Why: one small code that fits into the state word beside the flags.

use core::fmt;

/// Why something was cancelled, as a code to match on.
///
/// More kinds may be added. What a person should read is the message of the
/// [`Cause`](crate::Cause).
///
/// # Examples
///
/// ```
/// use cancel_core::{Reason, Token};
///
/// static STOP: Token = Token::new();
/// STOP.cancel_with(Reason::Signal(15));
/// assert_eq!(STOP.cause().unwrap().reason(), Reason::Signal(15));
/// assert_eq!(Reason::Signal(15).to_string(), "signal 15");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Reason {
    /// Somebody called `cancel`.
    #[default]
    Manual,
    /// A timeout ran out or a deadline passed.
    Timeout,
    /// The operating system sent this signal.
    Signal(u16),
    /// A watched condition came true.
    Condition,
    /// An ancestor was cancelled; [`Cancelled::root_reason`](crate::Cancelled::root_reason) tells
    /// why.
    Parent,
    /// Something failed, for example another task of the same group.
    Error,
    /// What the work was for is gone: a guard was dropped, a client left.
    Dropped,
    /// The program is ending.
    Shutdown,
    /// A code of the application's own.
    Custom(u16),
}

const REASON_SHIFT: u32 = 9;
const PAYLOAD_SHIFT: u32 = 14;
const REASON_MASK: u32 = 0b11111;

/// All bits of a state word that hold the reason.
pub(crate) const REASON_BITS: u32 = REASON_MASK << REASON_SHIFT | 0xFFFF << PAYLOAD_SHIFT;

impl Reason {
    /// Returns a short name in lower case, without the payload.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cancel_core::Reason::Timeout.name(), "timeout");
    /// assert_eq!(cancel_core::Reason::Custom(7).name(), "custom");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Manual => "manual",
            Reason::Timeout => "timeout",
            Reason::Signal(_) => "signal",
            Reason::Condition => "condition",
            Reason::Parent => "parent",
            Reason::Error => "error",
            Reason::Dropped => "dropped",
            Reason::Shutdown => "shutdown",
            Reason::Custom(_) => "custom",
        }
    }

    const fn to_parts(self) -> (u8, u16) {
        match self {
            Reason::Manual => (0, 0),
            Reason::Timeout => (1, 0),
            Reason::Signal(number) => (2, number),
            Reason::Condition => (3, 0),
            Reason::Parent => (4, 0),
            Reason::Error => (5, 0),
            Reason::Dropped => (6, 0),
            Reason::Shutdown => (7, 0),
            Reason::Custom(code) => (8, code),
        }
    }

    const fn from_parts(code: u8, payload: u16) -> Self {
        match code {
            0 => Reason::Manual,
            1 => Reason::Timeout,
            2 => Reason::Signal(payload),
            3 => Reason::Condition,
            4 => Reason::Parent,
            5 => Reason::Error,
            6 => Reason::Dropped,
            7 => Reason::Shutdown,
            _ => Reason::Custom(payload),
        }
    }

    pub(crate) const fn to_bits(self) -> u32 {
        let (code, payload) = self.to_parts();
        (code as u32) << REASON_SHIFT | (payload as u32) << PAYLOAD_SHIFT
    }
}

/// The reason of an error: as it stands in a state word, so that it takes four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Why {
    payload: u16,
    code: u8,
    pub(crate) inherited: bool,
}

impl Why {
    pub(crate) const fn new(reason: Reason, inherited: bool) -> Self {
        let (code, payload) = reason.to_parts();
        Why {
            payload,
            code,
            inherited,
        }
    }

    pub(crate) const fn from_bits(bits: u32, inherited: bool) -> Self {
        Why {
            payload: (bits >> PAYLOAD_SHIFT) as u16,
            code: (bits >> REASON_SHIFT & REASON_MASK) as u8,
            inherited,
        }
    }

    pub(crate) const fn reason(self) -> Reason {
        Reason::from_parts(self.code, self.payload)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Signal(payload) | Reason::Custom(payload) => {
                write!(f, "{} {payload}", self.name())
            }
            _ => f.write_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_round_trip() {
        for payload in [0, 1, 15, 0x7fff, u16::MAX] {
            for reason in [
                Reason::Manual,
                Reason::Timeout,
                Reason::Signal(payload),
                Reason::Condition,
                Reason::Parent,
                Reason::Error,
                Reason::Dropped,
                Reason::Shutdown,
                Reason::Custom(payload),
            ] {
                let bits = reason.to_bits();
                assert_eq!(bits & !REASON_BITS, 0);
                // flags beside it do not disturb
                assert_eq!(Why::from_bits(bits | !REASON_BITS, true).reason(), reason);
                assert!(Why::from_bits(bits, true) == Why::new(reason, true));
            }
        }
    }
}
