//! A compiler for targets other than this machine's.
//!
//! The toolchain that runs us if its target is installed (`rustup target add`), else Debian's
//! compiler, which builds the standard library from its source; that is installed if it may be.

use crate::apt;
use crate::run::{command, exists, output};
use std::path::Path;
use std::process::Command;

/// How much of the standard library a target has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Library {
    /// `core` and `alloc`: no operating system.
    Core,
    /// All of it.
    Std,
}

/// A cargo for some targets, all with the same library.
pub(crate) enum Compiler {
    /// The toolchain that runs us.
    Own,
    Debian {
        cargo: String,
        rustc: String,
        library: Library,
        /// Targets and their linkers.
        linkers: Vec<(&'static str, String)>,
    },
}

const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

const OF_THIS_MACHINE: [&str; 6] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
];

/// Finds or installs a compiler for `targets`.
pub(crate) fn compiler(targets: &[&'static str], library: Library) -> Result<Compiler, String> {
    if targets.iter().all(|target| installed(target)) {
        return Ok(Compiler::Own);
    }
    let missing = format!(
        "targets are missing: rustup target add {}\n(or on Debian: apt-get install {} lld)",
        targets.join(" "),
        PACKAGES.join(" ")
    );
    let debian = || {
        apt::file(PACKAGES[2], "/library/core/src/lib.rs")?;
        Some((
            apt::file(PACKAGES[1], "/bin/cargo")?,
            apt::file(PACKAGES[0], "/bin/rustc")?,
        ))
    };
    if debian().is_none() {
        apt::install(&PACKAGES, &missing)?;
    }
    let (cargo, rustc) = debian().ok_or_else(|| missing.clone())?;
    let linkers = || -> Option<Vec<_>> {
        let found = targets
            .iter()
            // (What links programs for Linux, their targets say themselves.)
            .filter(|target| !target.contains("linux-gnu"))
            .map(|&target| Some((target, linker(target)?)));
        found.collect()
    };
    if linkers().is_none() {
        apt::install(&["lld"], &missing)?;
    }
    Ok(Compiler::Debian {
        cargo,
        rustc,
        library,
        linkers: linkers().ok_or(missing)?,
    })
}

impl Compiler {
    /// A cargo that builds for the targets; which of them, its arguments say. `RUSTFLAGS` and the
    /// like can be added: those of the caller's environment are gone. It runs in the workspace's
    /// root, and should get a `--target-dir` of its own: the compilers differ.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = self.compiling();
        // They are for this machine's builds. For others they take the place of what the
        // configuration says: linker scripts, and the folder in which we look for programs.
        for variable in OF_THIS_MACHINE {
            cargo.env_remove(variable);
        }
        cargo
    }

    fn compiling(&self) -> Command {
        let Compiler::Debian {
            cargo,
            rustc,
            library,
            linkers,
        } = self
        else {
            return crate::run::cargo();
        };
        let mut command = command(cargo);
        for variable in ["CARGO", "RUSTDOC", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER"] {
            command.env_remove(variable);
        }
        let parts = match library {
            Library::Core => "core,alloc",
            Library::Std => "std,panic_abort",
        };
        command
            .env("RUSTC", rustc)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_UNSTABLE_BUILD_STD", parts);
        for (target, linker) in linkers {
            let target = target.replace('-', "_").to_uppercase();
            command.env(format!("CARGO_TARGET_{target}_LINKER"), linker);
        }
        command
    }

    /// What its version says, for reports.
    pub(crate) fn version(&self) -> String {
        let mut rustc = match self {
            Compiler::Own => Command::new("rustc"),
            Compiler::Debian { rustc, .. } => Command::new(rustc),
        };
        output(rustc.arg("--version")).unwrap_or_else(|| "unknown".into())
    }
}

/// Whether the toolchain that runs us has the target's library.
fn installed(target: &str) -> bool {
    let libdir = rustc(&["--print", "target-libdir", "--target", target]);
    libdir.is_some_and(|libdir| Path::new(&libdir).is_dir())
}

/// The linker of the toolchain that runs us, or the system's.
fn linker(target: &str) -> Option<String> {
    let own = || {
        let version = rustc(&["-vV"])?;
        let host = version
            .lines()
            .find_map(|line| line.strip_prefix("host: "))?;
        let sysroot = rustc(&["--print", "sysroot"])?;
        let linker = Path::new(&sysroot).join(format!("lib/rustlib/{host}/bin/rust-lld"));
        linker.is_file().then(|| linker.display().to_string())
    };
    let systems = match target.starts_with("wasm") {
        true => "wasm-ld",
        false => "ld.lld",
    };
    own().or_else(|| exists(systems).then(|| systems.to_owned()))
}

fn rustc(args: &[&str]) -> Option<String> {
    output(command("rustc").args(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_for_this_machine_is_not_for_others() {
        let debian = Compiler::Debian {
            cargo: "cargo".into(),
            rustc: "rustc".into(),
            library: Library::Core,
            linkers: vec![("thumbv6m-none-eabi", "lld".into())],
        };
        for compiler in [Compiler::Own, debian] {
            let cargo = compiler.cargo();
            for variable in OF_THIS_MACHINE {
                let gone = (std::ffi::OsStr::new(variable), None);
                assert!(cargo.get_envs().any(|set| set == gone), "{variable}");
            }
        }
    }
}
