//! Clocks, deadlines, and the timer of this crate.

// Lowest first.
pub(crate) mod clock;

pub(crate) mod timer;

pub(crate) mod deadline;

pub use timer::Sleep;
