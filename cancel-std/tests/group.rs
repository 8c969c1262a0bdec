//! Task groups, from outside.

#[path = "group/drain.rs"]
mod drain;
#[path = "group/errors.rs"]
mod errors;
#[path = "group/failures.rs"]
mod failures;
#[path = "group/life.rs"]
mod life;
#[path = "group/policy.rs"]
mod policy;
#[path = "group/races.rs"]
mod races;
#[path = "group/support.rs"]
mod support;
#[path = "group/taken_back.rs"]
mod taken_back;
