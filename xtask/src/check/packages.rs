//! What a user of the packages gets: few crates, and versions that the manifests do not understate.

use crate::run::{Outcome, cargo, output, root, step};
use std::fs;
use std::path::{Path, PathBuf};

/// The libraries and where they lie. The macros lie inside of cancel-std.
const CRATES: &[(&str, &str)] = &[
    ("cancel-core", "cancel-core"),
    ("cancel-macros", "cancel-std/macros"),
    ("cancel-std", "cancel-std"),
    ("cancel-smol", "cancel-smol"),
    ("cancel-tokio", "cancel-tokio"),
    ("cancel-embassy", "cancel-embassy"),
    ("cancel-web", "cancel-web"),
];

/// How many packages the lock file of a new user of cancel-core may hold, cancel-core among them.
const LOCKED: usize = 6;

/// Library authors judge the core by what it brings along.
pub(super) fn lock_file() -> Outcome {
    println!("\n── packages in the lock file of a user of cancel-core");
    let folder = root().join("target/packages/user");
    fresh(&folder)?;
    write(&folder.join("src/lib.rs"), "")?;
    let core = root().join("cancel-core").display().to_string();
    let manifest = format!(
        "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ncancel-core = {{ path = {core:?} }}\n"
    );
    write(&folder.join("Cargo.toml"), &manifest)?;
    let lock = |more: &[&str]| {
        let mut cargo = cargo();
        cargo
            .current_dir(&folder)
            .arg("generate-lockfile")
            .args(more);
        output(&mut cargo)
    };
    // Without network first: any versions do.
    lock(&["--offline"])
        .or_else(|| lock(&[]))
        .ok_or("no lock file can be made for a user of cancel-core")?;
    let text = fs::read_to_string(folder.join("Cargo.lock")).map_err(|error| error.to_string())?;
    let names = locked(&text);
    println!("{}", names.join(", "));
    match names.len() <= LOCKED {
        true => Ok(()),
        false => Err(format!(
            "a user of cancel-core has {} packages in the lock file, {LOCKED} at most: {}",
            names.len(),
            names.join(", ")
        )),
    }
}

/// The packages of a lock file, without the user's own.
fn locked(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| line.strip_prefix("name = "));
    let names = names.map(|name| name.trim_matches('"'));
    names.filter(|name| *name != "user").collect()
}

/// The libraries with the lowest versions that their manifests allow of what they name themselves.
pub(super) fn lowest_versions() -> Outcome {
    let copy = root().join("target/packages/lowest");
    fresh(&copy)?;
    for (_, folder) in CRATES {
        copy_folder(&root().join(folder), &copy.join(folder))?;
    }
    for (_, folder) in CRATES {
        let manifest = copy.join(folder).join("Cargo.toml");
        write(&manifest, &without_tests(&read(&manifest)?))?;
    }
    let members: Vec<&str> = CRATES.iter().map(|(_, folder)| *folder).collect();
    let manifest = with_members(&read(&root().join("Cargo.toml"))?, &members);
    write(&copy.join("Cargo.toml"), &manifest)?;
    // Choosing the versions is the unstable part. What they are compiled with is not.
    step(
        "lowest versions, chosen",
        cargo()
            .current_dir(&copy)
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["generate-lockfile", "-Zdirect-minimal-versions"])
            .args(["--quiet"]),
    )
    .map_err(
        |_| "a requirement in a Cargo.toml is lower than what another package needs (above)",
    )?;
    for (name, _) in CRATES {
        step(
            &format!("lowest versions, {name}"),
            cargo()
                .current_dir(&copy)
                .args(["check", "--locked", "--quiet", "-p", name, "--all-features"])
                .args(["--target-dir", "../../lowest"]),
        )?;
    }
    Ok(())
}

/// A manifest without its tests and what only they need.
fn without_tests(manifest: &str) -> String {
    let mut left = false;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            left = line.contains("dev-dependencies") || line.starts_with("[[");
        }
        if !left {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The workspace's manifest with other members.
fn with_members(manifest: &str, members: &[&str]) -> String {
    let mut text = String::new();
    for line in manifest.lines() {
        if line.starts_with("members = ") {
            text.push_str(&format!("members = {members:?}\n"));
        } else if !line.starts_with("exclude = ") {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

fn fresh(folder: &Path) -> Outcome {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &PathBuf, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            copy_folder(&path, &to)?;
        } else {
            fs::copy(&path, &to).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_a_lock_file() {
        let text = "[[package]]\nname = \"cancel-core\"\n\n[[package]]\nname = \"user\"\ndependencies = [\n \"cancel-core\",\n]\n";
        assert_eq!(locked(text), ["cancel-core"]);
    }

    #[test]
    fn a_manifest_loses_its_tests_alone() {
        let manifest = "[package]\nname = \"a\"\n[dependencies]\nb = { features = [\n    \"c\",\n] }\n\
                        [target.'cfg(unix)'.dev-dependencies]\nd = \"1\"\n[[test]]\nname = \"e\"\n[lints]\nworkspace = true\n";
        let left = "[package]\nname = \"a\"\n[dependencies]\nb = { features = [\n    \"c\",\n] }\n[lints]\nworkspace = true\n";
        assert_eq!(without_tests(manifest), left);
    }

    #[test]
    fn the_workspace_has_other_members() {
        let manifest = "[workspace]\nmembers = [\"a\", \"b\"]\nexclude = [\"c\"]\n[x]\n";
        assert_eq!(
            with_members(manifest, &["b"]),
            "[workspace]\nmembers = [\"b\"]\n[x]\n"
        );
    }
}
