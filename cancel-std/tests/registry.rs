//! Registries, from outside.

#[path = "registry/changes.rs"]
mod changes;
#[path = "registry/history.rs"]
mod history;
#[path = "registry/leave.rs"]
mod leave;
#[path = "registry/list.rs"]
mod list;
#[path = "registry/many.rs"]
mod many;
#[path = "registry/stress.rs"]
mod stress;
