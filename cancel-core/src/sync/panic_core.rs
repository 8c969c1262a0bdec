//! Without `std` nothing can be caught: a panic unwinds through (where it unwinds at all), and the
//! caller's `Drop` serves the rest.

#[derive(Default)]
pub(crate) struct Panics;

impl Panics {
    pub(crate) const fn new() -> Self {
        Panics
    }
    #[inline]
    pub(crate) fn guard(&mut self, call: impl FnOnce()) {
        call()
    }
    #[inline]
    pub(crate) fn resume(self) {}
    #[inline]
    pub(crate) fn resume_unless_unwinding(self) {}
}
