//! The order of files, conditions in one place, private names used once.
//!
//! Inside a crate the `mod` items are an order: a file uses only files that are declared before it.
//! A parent stands above its children, which do not use what it defines itself. Tests are exempt.

mod cfg;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;
mod uses;

use crate::run::{Outcome, root};
use std::collections::BTreeMap;
use std::path::Path;
use tree::{Read, Tree};

const CRATES: &[(&str, &str)] = &[
    ("cancel-core", "cancel-core/src/lib.rs"),
    ("cancel-std", "cancel-std/src/lib.rs"),
    ("cancel-macros", "cancel-std/macros/src/lib.rs"),
    ("cancel-smol", "cancel-smol/src/lib.rs"),
    ("cancel-tokio", "cancel-tokio/src/lib.rs"),
    ("cancel-web", "cancel-web/src/lib.rs"),
    ("cancel-embassy", "cancel-embassy/src/lib.rs"),
];

/// The faults that are known, to be lowered until the file is empty.
const KNOWN: &str = "xtask/layers.txt";

/// Faults by rule: `upward`, `cfg`, `doubled`.
type Faults = BTreeMap<&'static str, Vec<String>>;

/// `cargo xtask layers [CRATE]`: lists all faults, known or not. `--write` lowers what is known.
pub(crate) fn list(args: &[String]) -> Outcome {
    if args.iter().any(|arg| arg == "--write") {
        return lower();
    }
    for (name, lib) in CRATES {
        if args.is_empty() || args.iter().any(|arg| arg == name) {
            println!("\n── {name}");
            for (rule, faults) in faults(name, Path::new(lib), &from_disk)? {
                println!("{rule}: {}", faults.len());
                for fault in faults {
                    println!("  {fault}");
                }
            }
        }
    }
    run()
}

pub(crate) fn run() -> Outcome {
    println!("\n── order of files, conditions, names");
    let known = std::fs::read_to_string(root().join(KNOWN)).unwrap_or_default();
    let known = parse(&known)?;
    let mut failed = Vec::new();
    for (name, lib) in CRATES {
        for (rule, faults) in faults(name, Path::new(lib), &from_disk)? {
            let known = known.get(&(name.to_string(), rule.to_string()));
            match judge(name, rule, &faults, known.copied().unwrap_or(0)) {
                Ok(None) => {}
                Ok(Some(note)) => println!("{note}"),
                Err(error) => failed.push(error),
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join("\n")),
    }
}

/// Counts never grow by this.
fn lower() -> Outcome {
    let path = root().join(KNOWN);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{KNOWN}: {error}"))?;
    let known = parse(&text)?;
    let comments = text.lines().filter(|line| line.starts_with('#'));
    let mut lines: Vec<String> = comments.map(str::to_owned).collect();
    for (name, lib) in CRATES {
        for (rule, faults) in faults(name, Path::new(lib), &from_disk)? {
            let known = known.get(&(name.to_string(), rule.to_string()));
            let count = faults.len().min(known.copied().unwrap_or(0));
            if count > 0 {
                lines.push(format!("{name} {rule} {count}"));
            }
        }
    }
    let text = lines.join("\n") + "\n";
    std::fs::write(&path, text).map_err(|error| format!("{KNOWN}: {error}"))
}

fn from_disk(path: &Path) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

/// Lines `crate rule count`.
fn parse(text: &str) -> Result<BTreeMap<(String, String), usize>, String> {
    let mut known = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [name, rule, count] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(format!("{KNOWN}: `{line}` is not `crate rule count`"));
        };
        let count = count
            .parse()
            .map_err(|_| format!("{KNOWN}: `{line}`: no count"))?;
        known.insert((name.into(), rule.into()), count);
    }
    Ok(known)
}

/// A note if fewer faults are left than are known, an error if there are more.
fn judge(
    name: &str,
    rule: &str,
    faults: &[String],
    known: usize,
) -> Result<Option<String>, String> {
    let count = faults.len();
    if count > known {
        let list = faults.join("\n  ");
        let title = match rule {
            "upward" => "uses of files that are declared later, or of the parent's own items",
            "cfg" => "conditions on loom, std or critical-section outside of sync",
            _ => "private type names defined more than once",
        };
        return Err(format!(
            "{name}: {title}: {count}, at most {known}\n  {list}"
        ));
    }
    Ok((count < known).then(|| {
        format!("{name}: {rule}: {count} are left of {known}: lower the count by cargo xtask layers --write")
    }))
}

fn faults(name: &str, lib: &Path, read: Read<'_>) -> Result<Faults, String> {
    let tree = Tree::read(lib, read)?;
    let upward = tree
        .upward_uses()
        .into_iter()
        .map(|(place, what)| format!("{place}: {what}"));
    let mut faults = Faults::from([("upward", upward.collect())]);
    if name == "cancel-core" {
        let mut conditions = Vec::new();
        let folder = lib.parent().unwrap_or(Path::new(""));
        for (file, text) in &tree.files {
            let inside = file.strip_prefix(folder).unwrap_or(file);
            if inside != Path::new("sync.rs") && !inside.starts_with("sync") {
                let found = cfg::misplaced(file, text)?.into_iter();
                conditions.extend(found.map(|(place, what)| format!("{place}: {what}")));
            }
        }
        faults.insert("cfg", conditions);
    }
    let doubled = tree.doubled_names().into_iter().map(|(name, places)| {
        let places: Vec<String> = places.iter().map(|place| place.to_string()).collect();
        format!("{name}: {}", places.join(", "))
    });
    faults.insert("doubled", doubled.collect());
    Ok(faults)
}
