//! Conditions, flags, watched values and sources of one's own, from outside.

#[path = "operation/support.rs"]
#[allow(dead_code)]
mod support;

#[path = "condition/tools.rs"]
mod tools;

#[path = "condition/custom.rs"]
mod custom;
#[path = "condition/flag.rs"]
mod flag;
#[path = "condition/in_flight.rs"]
mod in_flight;
#[path = "condition/meaning.rs"]
mod meaning;
#[path = "condition/pace.rs"]
mod pace;
#[path = "condition/panics.rs"]
mod panics;
#[path = "condition/watched.rs"]
mod watched;
