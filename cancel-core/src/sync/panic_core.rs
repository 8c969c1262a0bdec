//! Without `std` nothing can be caught: a panic unwinds through (where it unwinds at all), and the
//! caller's `Drop` serves the rest.

/// `guard` does not keep panics from going on.
pub(crate) const CATCHES: bool = false;

/// Nothing is kept.
#[derive(Debug, Default)]
pub struct Panics;

impl Panics {
    pub(crate) const fn new() -> Self {
        Panics
    }
    /// Calls foreign code.
    #[inline]
    pub fn guard<T>(&mut self, call: impl FnOnce() -> T) -> Option<T> {
        Some(call())
    }
    #[inline]
    pub(crate) fn resume(self) {}
    #[inline]
    pub(crate) fn resume_unless_unwinding(self) {}
}
