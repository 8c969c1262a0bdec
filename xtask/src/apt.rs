//! Debian's packages: where their files are, and installing them where that is allowed.

use crate::run::{Outcome, command, exists, output, step};
use std::process::Command;

/// The file of an installed package whose path ends so.
pub(crate) fn file(package: &str, end: &str) -> Option<String> {
    let list = output(Command::new("dpkg").args(["-L", package]))?;
    list.lines()
        .find(|line| line.ends_with(end))
        .map(str::to_owned)
}

/// Installs packages, as root and on Debian alone. Otherwise `missing` is the error: what to do.
pub(crate) fn install(packages: &[&str], missing: &str) -> Outcome {
    let root = output(Command::new("id").arg("-u")).as_deref() == Some("0");
    if !root || !exists("apt-get") {
        return Err(missing.into());
    }
    step("package lists", command("apt-get").args(["update", "-q"]))?;
    step(
        &format!("install {}", packages.join(", ")),
        command("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(packages),
    )
    .map_err(|error| format!("{missing}\n({error})"))
}

/// Sees to it that a program is there, if need be by installing packages.
pub(crate) fn need(program: &str, packages: &[&str]) -> Outcome {
    if exists(program) {
        return Ok(());
    }
    let missing = format!(
        "{program} is missing. Install it, on Debian by: apt-get install {}",
        packages.join(" ")
    );
    install(packages, &missing)?;
    match exists(program) {
        true => Ok(()),
        false => Err(missing),
    }
}
