//! Task groups, from outside.

#[path = "group/errors.rs"]
mod errors;
#[path = "group/failures.rs"]
mod failures;
#[path = "group/life.rs"]
mod life;
#[path = "group/races.rs"]
mod races;
#[path = "group/support.rs"]
mod support;
