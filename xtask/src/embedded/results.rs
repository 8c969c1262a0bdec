//! Runs of programs, and what they print.

use super::machine::{Machine, Program};
use crate::qemu::emulate;
use crate::run::{Outcome, root};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// A program that has run.
pub(super) struct Run {
    output: String,
    outcome: Outcome,
    tests: bool,
}

/// Why a test has not passed.
enum Why<'a> {
    Failed(&'a str),
    Ignored(&'a str),
}

impl Run {
    pub(super) fn new(name: &str, machine: &Machine, program: &Program) -> Result<Run, String> {
        let file = machine.file(program);
        let (output, outcome) = emulate(name, machine.qemu, program.shift, &file)?;
        let tests = program.tests;
        Ok(Run {
            output,
            outcome,
            tests,
        })
    }

    /// Names of tests, and what became of them.
    fn results(&self) -> impl Iterator<Item = (&str, Result<(), Why<'_>>)> {
        self.output.lines().filter_map(|line| {
            let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
            let result = match (result, result.strip_prefix("ignored: ")) {
                ("ok", _) => Ok(()),
                (_, Some(why)) => Err(Why::Ignored(why)),
                (why, None) => Err(Why::Failed(why.trim_start_matches("FAILED: "))),
            };
            Some((name, result))
        })
    }

    /// Whether all is well: the program says so itself, and its lines do not say otherwise.
    pub(super) fn check(&self) -> Outcome {
        self.outcome.clone()?;
        if !self.tests {
            return Ok(());
        }
        let (mut passed, mut failed) = (0, 0);
        for (_, result) in self.results() {
            passed += u32::from(result.is_ok());
            failed += u32::from(matches!(result, Err(Why::Failed(_))));
        }
        let sum = format!("{passed} passed, {failed} failed");
        match failed == 0 && passed > 0 && self.output.lines().last() == Some(&sum) {
            true => Ok(()),
            false => Err(format!("{sum}, and it does not say so itself")),
        }
    }

    /// Writes the results of the conformance cases where the table of all runtimes is made. Those
    /// with a heap come second, and are added.
    pub(super) fn save_conformance(&self, machine: &Machine, program: &Program) -> Outcome {
        let Some(end) = program.name.strip_prefix("conformance") else {
            return Ok(());
        };
        let folder = root().join("target/conformance");
        let file = folder.join(format!("embassy-{}.txt", machine.name));
        let mut text = match end {
            "" => String::new(),
            _ => std::fs::read_to_string(&file).unwrap_or_default(),
        };
        // (What is there of an earlier run with a heap goes.)
        let name_of = |line: &str| {
            line.trim_start_matches("# ")
                .split(' ')
                .next()
                .map(str::to_owned)
        };
        let ours: Vec<_> = self.results().map(|(name, _)| name.to_owned()).collect();
        let others = text
            .lines()
            .filter(|line| name_of(line).is_some_and(|name| !ours.contains(&name)));
        text = others.map(|line| format!("{line}\n")).collect();
        for (name, result) in self.results() {
            _ = match result {
                Ok(()) => writeln!(text, "{name} ok"),
                Err(Why::Failed(why)) => writeln!(text, "{name} FAILED {why}"),
                Err(Why::Ignored(why)) => writeln!(text, "# {name} ignored: {why}"),
            };
        }
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// The longest critical sections, of all machines.
pub(super) struct Table {
    machines: Vec<&'static str>,
    /// By their place in the program.
    rows: Vec<String>,
    cells: BTreeMap<(String, &'static str), String>,
}

impl Table {
    pub(super) fn new() -> Self {
        Table {
            machines: Vec::new(),
            rows: Vec::new(),
            cells: BTreeMap::new(),
        }
    }

    /// Takes the lines `| OPERATION | LONGEST… | SECTIONS…` of a run.
    pub(super) fn add(&mut self, machine: &Machine, run: &Run) {
        for line in run.output.lines() {
            let mut parts = line.split(" | ");
            let name = parts.next().and_then(|name| name.strip_prefix("| "));
            let (Some(name), Some(longest)) = (name, parts.next()) else {
                continue;
            };
            let machine = machine.name;
            if !self.machines.contains(&machine) {
                self.machines.push(machine);
            }
            if !self.rows.iter().any(|row| row == name) {
                self.rows.push(name.to_owned());
            }
            let key = (name.to_owned(), machine);
            // (The build without a heap comes first. It is the one with fewer sections.)
            self.cells.entry(key).or_insert_with(|| short(longest));
        }
    }

    /// Prints it, and keeps it in `target/`.
    pub(super) fn write(&self) -> Outcome {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut text = format!("| operation | {} |\n", self.machines.join(" | "));
        _ = writeln!(text, "|---|{}", "---|".repeat(self.machines.len()));
        for row in &self.rows {
            _ = write!(text, "| {row} |");
            for &machine in &self.machines {
                let cell = self.cells.get(&(row.clone(), machine));
                _ = write!(text, " {} |", cell.map_or("", String::as_str));
            }
            text.push('\n');
        }
        let file = sections_file();
        println!(
            "\nThe longest critical section, in instructions, beside 1, 8, 64 others (one number: all the same):\n\n{text}"
        );
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
    }
}

/// `5 5 5` as `5`, others as `5, 7, 7`.
fn short(numbers: &str) -> String {
    let numbers: Vec<_> = numbers.split(' ').collect();
    match numbers.iter().all(|number| number == &numbers[0]) {
        true => numbers[0].to_owned(),
        false => numbers.join(", "),
    }
}

/// Where the table of critical sections is.
pub(super) fn sections_file() -> PathBuf {
    root().join("target/embedded/sections.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(output: &str, code: i32) -> Outcome {
        let run = Run {
            output: output.into(),
            outcome: match code {
                0 => Ok(()),
                code => Err(format!("exit status: {code}")),
            },
            tests: true,
        };
        run.check()
    }

    #[test]
    fn only_a_run_to_its_end_is_well() {
        assert_eq!(
            verdict("test a ... ok\n  12 times\n1 passed, 0 failed\n", 0),
            Ok(())
        );
        assert!(verdict("test a ... ok\n1 passed, 0 failed\n", 101).is_err());
        for half in [
            "",
            "0 passed, 0 failed",
            "test a ... ok\n",
            "test a ... ok\ntest b ... \n1 passed, 0 failed",
            "test a ... ok\n2 passed, 0 failed",
            "test a ... ok\n1 passed, 0 failed\nand more",
            "test a ... ok\ntest b ... FAILED: x\n1 passed, 1 failed",
        ] {
            assert!(verdict(half, 0).is_err(), "{half:?}");
        }
    }
}
