//! The core's models.

use crate::run::{Outcome, cargo, step};
use std::process::Command;

/// Which models, by the file of tests that they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Models {
    /// The tree and the runner, with a heap: `cancel-core/tests/loom`.
    Tree,
    /// What a build without a heap does in its own way: `cancel-core/tests/loom_no_heap.rs`.
    NoHeap,
    /// The lock of `std` builds: `cancel-core/src/sync/lock_bit_models.rs`.
    Lock,
}

impl Models {
    /// Runs them in the workspace's root, those whose name contains `filter`.
    pub(crate) fn command(self, preemptions: &str, target: &str, filter: &str) -> Command {
        let mut models = cargo();
        models
            .env("RUSTFLAGS", "--cfg loom")
            .env("LOOM_MAX_PREEMPTIONS", preemptions)
            .args(["test", "--release", "-p", "cancel-core"])
            .args(["--features", "loom", "--target-dir", target]);
        match self {
            Models::Tree => models.args(["--test", "loom", "--", filter]),
            Models::NoHeap => models
                .args(["--no-default-features", "--test", "loom_no_heap"])
                .args(["--", filter]),
            Models::Lock => models
                .args(["--lib", "--"])
                .arg(format!("lock_bit_models::{filter}")),
        };
        models
    }
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let quick = args.iter().any(|arg| arg == "--quick");
    let preemptions = if quick { "2" } else { "3" };
    for (title, models) in [
        ("models of the lock", Models::Lock),
        ("models", Models::Tree),
        ("models without a heap", Models::NoHeap),
    ] {
        step(
            &format!("{title}, {preemptions} preemptions"),
            &mut models.command(preemptions, "target/loom", ""),
        )?;
    }
    Ok(())
}
