//! Formatting, lints, docs, tests without `std`, structure, packages.

pub(crate) mod layers;
mod packages;
mod rules;

use crate::run::{Outcome, cargo, output, step};

pub(crate) fn run(_: &[String]) -> Outcome {
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    rules::run()?;
    layers::run()?;
    packages(&[])?;
    step(
        "lints, all targets",
        cargo().args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    if output(cargo().args(["hack", "--version"])).is_none() {
        return Err("cargo-hack is missing: cargo install cargo-hack --locked".into());
    }
    let lints = ["clippy", "--all-targets", "--", "-D", "warnings"];
    step(
        "lints, every set of the core's features that matter to one another",
        cargo()
            .args(["hack", "--feature-powerset", "--skip", "serde,defmt,loom"])
            .args(["-p", "cancel-core"])
            .args(["clippy", "--", "-D", "warnings"]),
    )?;
    step(
        "lints, each feature",
        cargo()
            .args(["hack", "--each-feature", "--skip", "default"])
            .args(["-p", "cancel-core", "-p", "cancel-std", "-p", "cancel-smol"])
            .args([
                "-p",
                "cancel-tokio",
                "-p",
                "cancel-embassy",
                "-p",
                "cancel-web",
            ])
            .args(lints),
    )?;
    step(
        "lints, models",
        cargo()
            .env("RUSTFLAGS", "--cfg loom")
            .args([
                "clippy",
                "-p",
                "cancel-core",
                "--features",
                "loom",
                "--tests",
                "--target-dir",
                "target/loom",
            ])
            .args(["--", "-D", "warnings"]),
    )?;
    step(
        "docs",
        cargo().env("RUSTDOCFLAGS", "-D warnings").args([
            "doc",
            "--workspace",
            "--no-deps",
            "--all-features",
        ]),
    )
}

pub(crate) fn packages(_: &[String]) -> Outcome {
    packages::lock_file()?;
    packages::lowest_versions()
}

pub(crate) fn test(_: &[String]) -> Outcome {
    step("tests", cargo().args(["test", "--workspace"]))?;
    without_std()
}

/// The core's own tests with critical sections for locks, and with no heap at all.
pub(crate) fn without_std() -> Outcome {
    step(
        "semantics and stress with critical sections",
        cargo()
            .args(["test", "-p", "cancel-tests", "--no-default-features"])
            .args(["--test", "token", "--test", "scope", "--test", "stress"]),
    )?;
    for features in ["", "alloc"] {
        step(
            &format!("core without std, features [{features}]"),
            cargo()
                .args(["test", "-p", "cancel-core", "--no-default-features"])
                .args(["--features", features, "--lib", "--tests"]),
        )?;
    }
    Ok(())
}
