//! Running commands from the workspace's root, with a heading and the time they took.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

pub(crate) type Outcome = Result<(), String>;

pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    command(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
}

/// A cargo of another rustup toolchain. The proxy picks it, so what cargo has set for us goes.
pub(crate) fn cargo_of(toolchain: &str) -> Command {
    let mut command = command("cargo");
    command.arg(format!("+{toolchain}"));
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTDOC"] {
        command.env_remove(variable);
    }
    command
}

pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs a step; what it prints goes through.
pub(crate) fn step(title: &str, command: &mut Command) -> Outcome {
    println!("\n── {title}");
    let start = Instant::now();
    let status = command
        .status()
        .map_err(|error| format!("{title}: {:?}: {error}", command.get_program()))?;
    println!("── {title}: {:.0} s", start.elapsed().as_secs_f32());
    if status.success() {
        Ok(())
    } else {
        Err(format!("{title}: {status}"))
    }
}

/// What a command prints, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Whether a command exists and can be run.
pub(crate) fn exists(program: &str) -> bool {
    output(Command::new(program).arg("--version")).is_some()
}

/// All Rust files of the project.
pub(crate) fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
