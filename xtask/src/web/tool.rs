//! wasm-bindgen's command line tools, of the very version that the crates have.

use crate::run::{cargo, output, root, step};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) struct Tools {
    pub(super) bindgen: PathBuf,
    pub(super) test_runner: PathBuf,
}

impl Tools {
    /// In a folder, or where PATH leads.
    fn within(folder: &Path) -> Tools {
        Tools {
            bindgen: folder.join("wasm-bindgen"),
            test_runner: folder.join("wasm-bindgen-test-runner"),
        }
    }

    fn are(&self, version: &str) -> bool {
        [&self.bindgen, &self.test_runner].into_iter().all(|tool| {
            let said = output(Command::new(tool).arg("--version"));
            said.is_some_and(|said| said.split_whitespace().nth(1) == Some(version))
        })
    }
}

/// Those on PATH, those installed here before, or those that are installed here now.
pub(super) fn wasm_bindgen() -> Result<Tools, String> {
    let lock = std::fs::read_to_string(root().join("Cargo.lock"));
    let lock = lock.map_err(|error| format!("Cargo.lock: {error}"))?;
    let version = version(&lock).ok_or("wasm-bindgen is not in Cargo.lock")?;
    let folder = root().join("target/tools");
    let here = Tools::within(&folder.join("bin"));
    let on_path = Tools::within(Path::new(""));
    if on_path.are(version) {
        return Ok(on_path);
    }
    if here.are(version) {
        return Ok(here);
    }
    let mut install = cargo();
    install
        .args([
            "install",
            "--quiet",
            "wasm-bindgen-cli",
            "--version",
            version,
        ])
        .args(["--force", "--root"])
        .arg(&folder);
    // It is a program for this machine, whatever is set for our builds.
    for variable in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_TARGET_DIR",
    ] {
        install.env_remove(variable);
    }
    step(
        &format!("wasm-bindgen-cli {version}, once, into target/tools (some minutes)"),
        &mut install,
    )
    .map_err(|error| {
        format!("{error}\nInstall it: cargo install wasm-bindgen-cli --version {version}")
    })?;
    match here.are(version) {
        true => Ok(here),
        false => Err(format!("wasm-bindgen-cli {version} does not run")),
    }
}

/// Of the package in a lock file.
fn version(lock: &str) -> Option<&str> {
    let mut lines = lock.lines();
    lines.find(|line| *line == "name = \"wasm-bindgen\"")?;
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_that_is_locked() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version(lock), Some("0.2.130"));
        assert_eq!(version(""), None);
    }
}
