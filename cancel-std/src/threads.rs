//! Threads: one in the background, a pool for work that blocks, and what waits for it.

// Lowest first.
pub(crate) mod background;

pub(crate) mod pool;

pub(crate) mod blocking;
