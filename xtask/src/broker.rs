//! The tests that need Redis. They start servers of their own; all they need is the program.

use crate::run::{Outcome, cargo, command, exists, output, step};

const PACKAGE: &str = "cancel-app-broker";

pub(crate) fn run(_: &[String]) -> Outcome {
    find_redis()?;
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

/// The one that is installed, or Debian's.
fn find_redis() -> Outcome {
    if exists("redis-server") {
        return Ok(());
    }
    let missing = "redis-server is missing: as root, apt-get install redis-server";
    let is_root = output(command("id").arg("-u")).as_deref() == Some("0");
    if !is_root || !exists("apt-get") {
        return Err(missing.into());
    }
    step("package lists", command("apt-get").args(["update", "-q"]))?;
    step(
        "redis-server",
        command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .arg("redis-server"),
    )?;
    match exists("redis-server") {
        true => Ok(()),
        false => Err(missing.into()),
    }
}
