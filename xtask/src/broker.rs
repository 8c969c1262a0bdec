//! The tests that need Redis. They start servers of their own; all they need is the program.

use crate::apt;
use crate::run::{Outcome, cargo, step};

const PACKAGE: &str = "cancel-app-broker";

pub(crate) fn run(_: &[String]) -> Outcome {
    apt::need("redis-server", &["redis-server"])?;
    step(
        "lints, broker",
        cargo()
            .args(["clippy", "-p", PACKAGE, "--all-targets", "--all-features"])
            .args(["--", "-D", "warnings"]),
    )?;
    step(
        "processes cancelled through Redis",
        cargo().args(["test", "-p", PACKAGE, "--features", "redis-test"]),
    )
}
