//! The library crates, checked by the compiler that their manifests declare as the oldest one.
//!
//! A rustup toolchain of that version is used where there is one. Otherwise Debian's packages are
//! fetched and unpacked below `target/`; nothing is installed.

use crate::run::{Outcome, cargo_of, command, exists, output, root, step};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The `rust-version` of the workspace.
const VERSION: &str = "1.85";

/// Packages of Debian 12 (bookworm), in the version of the compiler.
const COMPILER: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.85",
];

/// What these need and small systems do not have.
const LIBRARIES: &[&str] = &["libllvm19", "libpcre3", "libhttp-parser2.9"];

const CRATES: &[&str] = &[
    "cancel-core",
    "cancel-std",
    "cancel-macros",
    "cancel-smol",
    "cancel-tokio",
    "cancel-embassy",
    "cancel-web",
];

pub(crate) fn run(_: &[String]) -> Outcome {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"));
    let declared = format!("rust-version = \"{VERSION}\"");
    if !manifest.is_ok_and(|text| text.contains(&declared)) {
        return Err(format!(
            "Cargo.toml does not declare {declared}; see xtask/src/msrv.rs"
        ));
    }
    let toolchain = Toolchain::find()?;
    // One at a time, so that no crate gets features that another one asks for.
    let mut failed = Vec::new();
    for name in CRATES {
        let outcome = step(
            &format!("{name} with Rust {VERSION}"),
            toolchain
                .cargo()
                // Lints are the newest compiler's business.
                .env("RUSTFLAGS", "-A warnings")
                .args(["check", "--locked", "--quiet", "-p", name, "--all-features"])
                .args(["--target-dir", "target/msrv"]),
        );
        failed.extend(outcome.err());
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join("; ")),
    }
}

enum Toolchain {
    /// By its name.
    Rustup(String),
    /// Unpacked in this folder.
    Unpacked(PathBuf),
}

impl Toolchain {
    fn find() -> Result<Self, String> {
        let installed = output(Command::new("rustup").args(["toolchain", "list"]));
        if let Some(name) = installed.as_deref().and_then(rustup_name) {
            println!("\n── rustup toolchain {name}");
            return Ok(Toolchain::Rustup(name.to_owned()));
        }
        let folder = root().join("target/rust-msrv");
        let unpacked = Toolchain::Unpacked(folder.clone());
        if !unpacked.works() {
            fetch(&folder).map_err(|error| format!("{}\n({error})", missing()))?;
            if !unpacked.works() {
                return Err(format!("{}\n(what was unpacked does not run)", missing()));
            }
        }
        Ok(unpacked)
    }

    fn works(&self) -> bool {
        match self {
            Toolchain::Rustup(_) => true,
            Toolchain::Unpacked(folder) => {
                let mut rustc = command(folder.join("usr/bin/rustc"));
                rustc.env("LD_LIBRARY_PATH", libraries(folder));
                output(rustc.arg("-V")).is_some_and(|text| is_version(&text))
            }
        }
    }

    fn cargo(&self) -> Command {
        match self {
            Toolchain::Rustup(name) => cargo_of(name),
            Toolchain::Unpacked(folder) => {
                let mut cargo = command(folder.join("usr/bin/cargo"));
                for variable in ["CARGO", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
                    cargo.env_remove(variable);
                }
                cargo
                    .env("RUSTC", folder.join("usr/bin/rustc"))
                    .env("LD_LIBRARY_PATH", libraries(folder));
                cargo
            }
        }
    }
}

/// The installed toolchain of this version, as `rustup toolchain list` names it.
fn rustup_name(list: &str) -> Option<&str> {
    let names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    names.into_iter().find(|name| {
        let rest = name.strip_prefix(VERSION);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    })
}

/// Whether `rustc -V` says so.
fn is_version(text: &str) -> bool {
    text.starts_with(&format!("rustc {VERSION}."))
}

fn libraries(folder: &Path) -> String {
    let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
    let folders = [
        format!("usr/lib/{machine}"),
        "usr/lib/llvm-19/lib".into(),
        format!("lib/{machine}"),
    ];
    let folders = folders.map(|inside| folder.join(inside).display().to_string());
    folders.join(":")
}

fn missing() -> String {
    format!(
        "Rust {VERSION} is missing. Install it by: rustup toolchain install {VERSION} --profile minimal\n\
         Or use Debian 12 with its package sources `bookworm main` up to date (apt-get update), from \
         which it is fetched: {}",
        [COMPILER, LIBRARIES].concat().join(" ")
    )
}

/// Fetches the packages and unpacks them.
fn fetch(folder: &Path) -> Outcome {
    for program in ["apt-get", "apt-cache", "dpkg-deb"] {
        if !exists(program) {
            return Err(format!("{program} is missing"));
        }
    }
    let version = match debian_version() {
        Some(version) => version,
        None => {
            // The lists may be old or missing.
            step("package lists", command("apt-get").args(["update", "-q"]))?;
            debian_version().ok_or(format!("no package rustc-web of version {VERSION}"))?
        }
    };
    let _ = std::fs::remove_dir_all(folder);
    let debs = folder.join("debs");
    std::fs::create_dir_all(&debs).map_err(|error| error.to_string())?;
    let compiler = COMPILER.iter().map(|name| format!("{name}={version}"));
    let libraries = LIBRARIES.iter().map(|name| name.to_string());
    step(
        &format!("fetch Rust {version} from Debian"),
        command("apt-get")
            .current_dir(&debs)
            .args(["download", "-q"])
            .args(compiler.chain(libraries)),
    )?;
    println!("\n── unpack");
    let files = std::fs::read_dir(&debs).map_err(|error| error.to_string())?;
    for file in files.flatten().map(|entry| entry.path()) {
        output(command("dpkg-deb").arg("-x").arg(&file).arg(folder))
            .ok_or_else(|| format!("cannot unpack {}", file.display()))?;
    }
    let _ = std::fs::remove_dir_all(debs);
    Ok(())
}

fn debian_version() -> Option<String> {
    let table = output(Command::new("apt-cache").args(["madison", COMPILER[0]]))?;
    version_in(&table).map(str::to_owned)
}

/// The newest version of the package that is this compiler, in the table of `apt-cache madison`.
fn version_in(table: &str) -> Option<&str> {
    let versions = table.lines().filter_map(|line| line.split('|').nth(1));
    let mut versions = versions.map(str::trim);
    versions.find(|version| version.starts_with(&format!("{VERSION}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_toolchain_of_rustup() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n1.850-x\n1.85.1-x86_64-unknown-linux-gnu\n";
        assert_eq!(rustup_name(list), Some("1.85.1-x86_64-unknown-linux-gnu"));
        assert_eq!(rustup_name("1.85-x86_64 (default)"), Some("1.85-x86_64"));
        assert_eq!(rustup_name("1.86.0-x86_64-unknown-linux-gnu"), None);
    }

    #[test]
    fn the_version_of_debian() {
        let table = " rustc-web | 1.96.0+dfsg1-1~deb12u2 | http://deb.debian.org/debian-security\n \
                     rustc-web | 1.85.0+dfsg3-1~deb12u3 | http://deb.debian.org/debian bookworm/main\n";
        assert_eq!(version_in(table), Some("1.85.0+dfsg3-1~deb12u3"));
        assert_eq!(version_in(" rustc-web | 1.96.0 | x"), None);
        assert!(is_version("rustc 1.85.0 (4d91de4e4 2025-02-17)"));
        assert!(!is_version("rustc 1.850.0"));
    }
}
