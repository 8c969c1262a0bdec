//! What asks for a cancelation by itself: values that change, and conditions.

// Lowest first.
pub(crate) mod flag;

pub(crate) mod watched;

pub(crate) mod checks;

pub(crate) mod condition;

mod conditional;

pub use condition::Condition;
pub use flag::Flag;
pub use watched::Watched;
