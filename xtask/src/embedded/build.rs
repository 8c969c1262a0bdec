//! Builds for bare metal.

use super::machine::Machine;
use crate::run::{Outcome, root};
use crate::targets::Compiler;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

pub(super) const TARGETS: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "riscv32imc-unknown-none-elf",
    "riscv32imac-unknown-none-elf",
    "x86_64-unknown-none",
];

/// Those without compare-and-swap.
const NO_SWAP: [&str; 2] = ["thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];

/// Programs that are built together. What one of them may not have is in another.
pub(super) struct Package {
    pub(super) name: &'static str,
    /// Cargo's name; none: the workspace's default.
    package: Option<&'static str>,
    program: Option<&'static str>,
    heap: bool,
}

pub(super) const PACKAGES: &[Package] = &[
    Package {
        name: "programs",
        package: None,
        program: None,
        heap: false,
    },
    Package {
        name: "conformance",
        package: Some("cancel-embedded-conformance"),
        program: None,
        heap: false,
    },
    Package {
        name: "sections",
        package: Some("cancel-embedded-sections"),
        program: None,
        heap: false,
    },
    Package {
        name: "conformance with a heap",
        package: Some("cancel-embedded-conformance"),
        program: Some("conformance_heap"),
        heap: true,
    },
    Package {
        name: "interrupts with a heap",
        package: Some("cancel-embedded-tests"),
        program: Some("interrupt_heap"),
        heap: true,
    },
    Package {
        name: "sections with a heap",
        package: Some("cancel-embedded-sections"),
        program: None,
        heap: true,
    },
];

pub(super) struct Builds {
    compiler: Compiler,
}

impl Builds {
    pub(super) fn new(compiler: Compiler) -> Self {
        Builds { compiler }
    }

    pub(super) fn version(&self) -> String {
        self.compiler.version()
    }

    /// A cargo in the workspace for bare metal. Its configuration says the rest.
    fn cargo(&self) -> Command {
        let mut cargo = self.compiler.cargo();
        cargo.current_dir(root().join("embedded"));
        cargo
    }

    /// The same for the main workspace's libraries, with the same configuration and profile, so that
    /// the standard library is built once.
    fn build_of(&self, features: &str) -> Command {
        let mut cargo = self.cargo();
        cargo.env("CARGO_INCREMENTAL", "0");
        for (key, value) in [
            ("PANIC", "abort"),
            ("OPT_LEVEL", "s"),
            ("DEBUG", "1"),
            ("LTO", "true"),
            ("CODEGEN_UNITS", "1"),
        ] {
            cargo.env(format!("CARGO_PROFILE_RELEASE_{key}"), value);
        }
        cargo
            .args(["build", "--release", "--manifest-path", "../Cargo.toml"])
            .args(["-p", "cancel-core", "-p", "cancel-embassy"])
            .args(["--no-default-features", "--features", features]);
        cargo
    }

    /// The core and the adapter, with and without a heap.
    pub(super) fn libraries(&self) -> Outcome {
        let (none, swaps): (Vec<_>, Vec<_>) =
            TARGETS.iter().partition(|target| NO_SWAP.contains(target));
        for (title, features, targets) in [
            ("libraries, no heap", "", TARGETS.to_vec()),
            ("libraries, heap", "cancel-embassy/alloc", swaps),
            (
                "libraries, heap without compare-and-swap",
                "cancel-embassy/alloc,cancel-embassy/critical-section",
                none,
            ),
        ] {
            let mut cargo = self.build_of(features);
            for target in targets {
                cargo.args(["--target", target]);
            }
            clean(title, &mut cargo)?;
        }
        Ok(())
    }

    /// What cannot work says what to do.
    pub(super) fn refused(&self) -> Outcome {
        println!("\n── a heap without compare-and-swap, and no backend chosen: an error");
        for target in NO_SWAP {
            let mut cargo = self.build_of("cancel-embassy/alloc");
            let output = cargo
                .args(["--target", target])
                .output()
                .map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&output.stderr);
            if output.status.success() {
                return Err(format!("{target}: it was built"));
            }
            let says = "enabling one of the `critical-section` feature";
            let Some(line) = text.lines().find(|line| line.contains(says)) else {
                return Err(format!("{target}: another error than expected:\n{text}"));
            };
            println!("{target}: {}", line.trim());
        }
        Ok(())
    }

    /// Clippy, where the toolchain that runs us has the targets. (Debian's compiler comes without.)
    pub(super) fn lints(&self) -> Outcome {
        let Compiler::Own = self.compiler else {
            println!("\n── lints: no clippy for these targets here; warnings of the builds count");
            return Ok(());
        };
        for target in TARGETS
            .iter()
            .filter(|target| target.ends_with("none-elf") || target.starts_with("thumb"))
        {
            let mut cargo = self.cargo();
            cargo.args(["clippy", "--release", "--target", target]);
            cargo.args(["--", "-D", "warnings"]);
            clean(&format!("lints for {target}"), &mut cargo)?;
        }
        Ok(())
    }

    /// The programs of a package, for some machines.
    pub(super) fn programs(&self, package: &Package, machines: &[&Machine]) -> Outcome {
        // (One at a time: cargo unites the features that different machines need.)
        for machine in machines {
            let mut cargo = self.cargo();
            cargo.args(["build", "--release", "--target", machine.target]);
            if let Some(name) = package.package {
                cargo.args(["-p", name]);
            }
            if let Some(name) = package.program {
                cargo.args(["--bin", name]);
            }
            match (package.heap, machine.swaps) {
                (false, _) => {}
                (true, true) => _ = cargo.args(["--features", "heap"]),
                (true, false) => _ = cargo.args(["--features", "heap,critical-section"]),
            }
            let title = format!("build {} for {}", package.name, machine.name);
            clean(&title, &mut cargo)?;
        }
        Ok(())
    }
}

/// Runs a step that may not have a warning about a package of ours.
fn clean(title: &str, command: &mut Command) -> Outcome {
    println!("\n── {title}");
    let start = Instant::now();
    let failed = |error| format!("{title}: {error}");
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut warnings = 0;
    for line in BufReader::new(child.stderr.take().ok_or(title)?).lines() {
        let line = line.map_err(|error| failed(error.to_string()))?;
        // Its last line about a package.
        warnings += u32::from(line.starts_with("warning: `cancel-"));
        eprintln!("{line}");
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    println!("── {title}: {:.0} s", start.elapsed().as_secs_f32());
    match (status.success(), warnings) {
        (true, 0) => Ok(()),
        (true, _) => Err(failed("there are warnings".into())),
        (false, _) => Err(failed(status.to_string())),
    }
}
