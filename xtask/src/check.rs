//! Formatting, lints, docs, tests without `std`, rules of the house.

use crate::run::{Outcome, cargo, exists, output, root, rust_files, step};

pub(crate) fn run(_: &[String]) -> Outcome {
    step("format", cargo().args(["fmt", "--all", "--check"]))?;
    rules()?;
    dependencies()?;
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
    if !exists("cargo-hack") {
        return Err("cargo-hack is missing: cargo install cargo-hack --locked".into());
    }
    step(
        "lints, every feature set",
        cargo().args([
            "hack",
            "--feature-powerset",
            "-p",
            "cancel-core",
            "-p",
            "cancel-std",
            "-p",
            "cancel-smol",
            "clippy",
            "--",
            "-D",
            "warnings",
        ]),
    )?;
    step(
        "lints, models",
        cargo()
            .env("RUSTFLAGS", "--cfg loom")
            .args([
                "clippy",
                "-p",
                "cancel-core",
                "--tests",
                "--target-dir",
                "target/loom",
            ])
            .args(["--", "-D", "warnings"]),
    )?;
    step(
        "docs",
        cargo()
            .env("RUSTDOCFLAGS", "-D warnings")
            .args(["doc", "--workspace", "--no-deps"]),
    )
}

pub(crate) fn test(_: &[String]) -> Outcome {
    step("tests", cargo().args(["test", "--workspace"]))?;
    without_std()
}

/// The core's own tests with critical sections for locks, and with no heap at all.
pub(crate) fn without_std() -> Outcome {
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

/// What no lint looks for.
fn rules() -> Outcome {
    println!("\n── rules of the house");
    let mut broken = Vec::new();
    for file in rust_files() {
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let name = file
            .strip_prefix(root())
            .unwrap_or(&file)
            .display()
            .to_string();
        let lines = text.lines().count();
        if lines > 600 {
            broken.push(format!("{name}: {lines} lines, over 600"));
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            // Let chains are stable since 1.88 only, and clippy does not know.
            let chain = code.starts_with("if ")
                || code.starts_with("while ")
                || code.starts_with("} else if ");
            if chain
                && (code.contains("&& let ")
                    || (code.contains("let ") && code.contains(" && ") && code.contains(") = ")))
            {
                broken.push(format!(
                    "{name}:{}: a let chain needs Rust 1.88",
                    number + 1
                ));
            }
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("\n"))
    }
}

/// The core stays small: library authors judge it by that.
fn dependencies() -> Outcome {
    println!("\n── dependencies of cancel-core");
    let tree = output(cargo().args([
        "tree",
        "-p",
        "cancel-core",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
    ]))
    .ok_or("cargo tree failed")?;
    let mut crates: Vec<&str> = tree
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    crates.sort();
    crates.dedup();
    println!("{}", crates.join(", "));
    if crates.len() > 5 {
        return Err(format!(
            "cancel-core has {} dependencies, 5 at most",
            crates.len()
        ));
    }
    Ok(())
}
