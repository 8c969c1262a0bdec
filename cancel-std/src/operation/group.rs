//! Task groups: an operation whose body spawns tasks, and which is over when all of them are.

// Lowest first.
mod settings;

mod output;

mod failure;

mod ended_tasks;

mod place;

mod task;

mod set;

mod shared;

mod threads;

mod handle;

mod member;

mod launch;

mod spawn;

mod runner;

mod run;

pub use handle::TaskGroup;
pub use output::TaskOutput;
pub use set::{TaskEnd, TaskSet};
pub use task::GroupTask;
