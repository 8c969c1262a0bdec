//! Faults seeded into a copy of the core, to see whether models and tests would find them.
//!
//! Each fault names the command that finds it. First all those commands are run without a fault, where
//! they have to pass; then each with its fault, where it has to fail.

mod faults;

use crate::limit::capture;
use crate::loom::Models;
use crate::run::{Outcome, cargo, command, root};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A fault and what finds it.
struct Fault {
    name: &'static str,
    /// Below `cancel-core/src`.
    file: &'static str,
    /// What stands there, once.
    from: &'static str,
    /// What to put there.
    to: &'static str,
    found_by: FoundBy,
}

/// A command, and which of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FoundBy {
    Model(Models, &'static str),
    /// Ordinary ones of the package in `tests`: target, name.
    Test(&'static str, &'static str),
}

/// Building included. What hangs is found, too.
const LIMIT: Duration = Duration::from_secs(1200);

impl FoundBy {
    fn command(self, copy: &Path) -> Command {
        let target = |kind: &str| root().join("target").join(kind).display().to_string();
        let mut run = match self {
            FoundBy::Model(models, filter) => models.command("2", &target("mutants-loom"), filter),
            FoundBy::Test(test, filter) => {
                let mut run = cargo();
                run.args(["test", "-p", "cancel-tests", "--test", test])
                    .args(["--target-dir", &target("mutants-tests"), "--", filter]);
                run
            }
        };
        run.current_dir(copy)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            // Most of the time is the compiler's.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        run
    }

    fn title(self) -> String {
        match self {
            FoundBy::Model(Models::Tree, filter) => format!("model {filter}"),
            FoundBy::Model(Models::NoHeap, filter) => format!("model without a heap {filter}"),
            FoundBy::Model(Models::Lock, filter) => format!("model of the lock {filter}"),
            FoundBy::Test(test, filter) => format!("test {test} {filter}"),
        }
    }

    /// How it ended. An error: it did not even run.
    fn run(self, copy: &Path) -> Result<Ended, String> {
        let errors = root().join("target/mutants.log");
        let file = File::create(&errors).map_err(|error| error.to_string())?;
        let (text, outcome) = capture(self.command(copy).stderr(file), LIMIT, false)?;
        let ran = text.contains("running ") && !text.contains("running 0 tests");
        match (ran, outcome) {
            (false, Ok(())) => Err("no such test".into()),
            (false, Err(_)) => {
                let errors = std::fs::read_to_string(errors).unwrap_or_default();
                Err(format!("does not compile:\n{errors}"))
            }
            (true, Ok(())) => Ok(Ended::Passed),
            (true, Err(error)) if error.contains("too long") => Ok(Ended::Hung),
            (true, Err(_)) => Ok(Ended::Failed),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Passed,
    Failed,
    Hung,
}

/// `cargo xtask mutants [TEXT]…`: the faults whose names or files contain one of the texts. `--list`:
/// which these are, and what finds them.
pub(crate) fn run(args: &[String]) -> Outcome {
    let (options, texts): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.starts_with("--"));
    let wanted = |fault: &&Fault| {
        let has = |text: &&String| fault.name.contains(*text) || fault.file.contains(*text);
        texts.is_empty() || texts.iter().any(has)
    };
    let faults: Vec<&Fault> = faults::all().filter(wanted).collect();
    match options[..] {
        [] if !faults.is_empty() => {}
        [option] if option == "--list" => {
            for fault in faults {
                println!(
                    "{}: {}\n    {}",
                    fault.file,
                    fault.name,
                    fault.found_by.title()
                );
            }
            return Ok(());
        }
        _ => return Err("usage: mutants [--list] [TEXT]…, and some fault has to match".into()),
    }
    let start = Instant::now();
    println!(
        "{} of {} faults, one after the other in a copy of the core (target/mutants).\n\
         Each has to be found by the model or test named for it, which passes without it.",
        faults.len(),
        faults::all().count()
    );
    let copy = prepare()?;
    without_a_fault(&faults, &copy)?;
    println!("\n── with a fault");
    let mut survived = Vec::new();
    for fault in faults {
        let start = Instant::now();
        let (path, text) = fault.place(&copy)?;
        let write = |text: &str| std::fs::write(&path, text).map_err(|error| error.to_string());
        write(&text.replacen(fault.from, fault.to, 1))?;
        let ended = fault.found_by.run(&copy);
        write(&text)?;
        let word = match ended.map_err(|error| format!("fault `{}`: {error}", fault.name))? {
            Ended::Failed => "found   ",
            Ended::Hung => "hung    ",
            Ended::Passed => {
                survived.push(fault.name);
                "SURVIVED"
            }
        };
        let seconds = start.elapsed().as_secs_f32();
        println!(
            "{word} {} ({}, {seconds:.0} s)",
            fault.name,
            fault.found_by.title()
        );
    }
    println!("── {:.0} s", start.elapsed().as_secs_f32());
    match survived.is_empty() {
        true => Ok(()),
        false => Err(format!("not found: {}", survived.join("; "))),
    }
}

/// All that is to find a fault passes if there is none.
fn without_a_fault(faults: &[&Fault], copy: &Path) -> Outcome {
    println!("\n── without a fault");
    let mut done = Vec::new();
    for found_by in faults.iter().map(|fault| fault.found_by) {
        if done.contains(&found_by) {
            continue;
        }
        done.push(found_by);
        let title = found_by.title();
        match found_by.run(copy) {
            Ok(Ended::Passed) => println!("passed   {title}"),
            Ok(ended) => return Err(format!("{title}: without a fault: {ended:?}")),
            Err(error) => return Err(format!("{title}: {error}")),
        }
    }
    Ok(())
}

impl Fault {
    /// The file in a copy of the workspace, and its text.
    fn place(&self, copy: &Path) -> Result<(PathBuf, String), String> {
        let path = copy.join("cancel-core/src").join(self.file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        match text.matches(self.from).count() {
            1 => Ok((path, text)),
            n => Err(format!(
                "fault `{}`: its place is {n} times in {}",
                self.name, self.file
            )),
        }
    }
}

/// A workspace of the core and its tests alone. (Some of these read the adapters' sources.)
fn prepare() -> Result<PathBuf, String> {
    let copy = root().join("target/mutants");
    let _ = std::fs::remove_dir_all(&copy);
    std::fs::create_dir_all(&copy).map_err(|error| error.to_string())?;
    let status = command("cp")
        .args(["-r", "tests", "Cargo.toml", "Cargo.lock"])
        .args(folders("cancel-"))
        .arg(&copy)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("cannot copy the core".into());
    }
    let manifest = copy.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| error.to_string())?;
    let lines = text
        .lines()
        .map(|line| match line.starts_with("members = ") {
            true => "members = [\"cancel-core\", \"tests\"]",
            false => line,
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    std::fs::write(manifest, text).map_err(|error| error.to_string())?;
    Ok(copy)
}

/// Folders of the workspace whose names begin so.
fn folders(start: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root()).into_iter().flatten().flatten();
    let of = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(start);
    entries
        .filter(|entry| of(&entry.file_name()) && entry.path().is_dir())
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes the core changes the fault with it.
    #[test]
    fn every_fault_has_its_place() {
        let lost = faults::all().filter_map(|fault| fault.place(&root()).err());
        assert_eq!(lost.collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn no_two_faults_have_one_name() {
        let mut names: Vec<_> = faults::all().map(|fault| fault.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), faults::all().count());
    }
}
