//! Formatting, lints, docs, tests without `std`, rules of the house.

use crate::run::{Outcome, cargo, output, root, rust_files, step};

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
    if output(cargo().args(["hack", "--version"])).is_none() {
        return Err("cargo-hack is missing: cargo install cargo-hack --locked".into());
    }
    let lints = ["clippy", "--all-targets", "--", "-D", "warnings"];
    step(
        "lints, every set of the core's features that matter to one another",
        cargo()
            .args(["hack", "--feature-powerset", "--skip", "serde,defmt"])
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
        for line in let_chains(&text) {
            broken.push(format!("{name}:{line}: a let chain needs Rust 1.88"));
        }
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("\n"))
    }
}

/// Lines with let chains, which are stable since 1.88 and which clippy's `incompatible_msrv` does not
/// know of. Expects code as rustfmt leaves it.
fn let_chains(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open_let = false;
    for (index, line) in text.lines().enumerate() {
        let code = line.trim_start();
        let starts = ["if let ", "while let ", "} else if let "]
            .iter()
            .any(|start| code.starts_with(start));
        let inside =
            code.starts_with("if ") || code.starts_with("while ") || code.starts_with("} else if ");
        let and_let = code.starts_with("&& let ") || (inside && code.contains(" && let "));
        if and_let || (open_let && code.starts_with("&& ")) {
            found.push(index + 1);
        }
        open_let = (starts && !code.ends_with('{'))
            || (open_let && !code.ends_with('{') && !code.is_empty());
    }
    found
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

#[cfg(test)]
mod tests {
    use super::let_chains;

    /// Not written out below, or the rule would find its own test.
    const AMPERSANDS: &str = "&&";

    #[test]
    fn let_chains_are_found_as_rustfmt_writes_them() {
        let chains = "
            if let Some(n) = a
                AND n > 0
            {
            }
            if a AND let Some(m) = b {
            }
            while let Some(n) = a
                AND x
            {
            }
            if x
                AND let Some(n) = a
            {
            }
        ";
        assert_eq!(
            let_chains(&chains.replace("AND", AMPERSANDS)),
            [3, 6, 9, 13]
        );
        let fine = "
            if let Some(x) = f(a AND b) {
            }
            if let Some(x) = a {
                x
                    AND y
            }
            if a
                AND b
            {
            }
        ";
        assert_eq!(let_chains(&fine.replace("AND", AMPERSANDS)), [0; 0]);
    }
}
