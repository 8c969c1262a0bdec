//! Bodies and parts of bodies that block a thread.
