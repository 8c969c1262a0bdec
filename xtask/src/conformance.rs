//! The same cases on every runtime: runs those of this machine, gathers the results of the others,
//! and makes the table in README.md and the page with every case from them.
//!
//! Results are in `target/conformance`, a file for each runtime. Nothing is taken for granted: a
//! runtime without results, and a case that did not run, are errors.

mod cases;
mod report;
mod results;
mod runtimes;

use crate::run::{Outcome, cargo, root};
use cases::Case;
use report::Run;
use results::Results;
use runtimes::{RUNTIMES, Runs, Runtime};
use std::fs;
use std::path::{Path, PathBuf};

/// `--write`: the table and the page are written, instead of compared with what is there.
/// `--host`: the runtimes of this machine alone, and neither table nor page.
pub(crate) fn run(args: &[String]) -> Outcome {
    let (mut write, mut host) = (false, false);
    for arg in args {
        match arg.as_str() {
            "--write" => write = true,
            "--host" => host = true,
            other => return Err(format!("no option `{other}`: there are --write and --host")),
        }
    }
    let (cases, groups) = cases::read()?;
    let chosen = |runtime: &&Runtime| !host || matches!(runtime.runs, Runs::Here);
    let mut complaints = Vec::new();
    let mut run = Run {
        cases: &cases,
        groups: &groups,
        runtimes: Vec::new(),
    };
    let runtimes: Vec<&Runtime> = RUNTIMES.iter().filter(chosen).collect();
    run_tasks(&runtimes)?;
    for runtime in runtimes {
        match results(runtime, &cases) {
            Ok(results) => {
                complaints.extend(results::complaints(runtime, &cases, &results));
                run.runtimes.push((runtime, results));
            }
            Err(why) => complaints.push(why),
        }
    }
    let table = run.table();
    println!("\n{table}");
    // A table of some of the runtimes would pass for one of all.
    if !host && run.runtimes.len() == RUNTIMES.len() {
        if let Err(why) = publish(&table, &run.page(), write) {
            complaints.push(why);
        }
    }
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(format!("\n{}", complaints.join("\n"))),
    }
}

/// Runs the tasks that make the results of other runtimes, each once.
fn run_tasks(runtimes: &[&Runtime]) -> Outcome {
    let mut done = Vec::new();
    for runtime in runtimes {
        if let Runs::By {
            task,
            run: Some(run),
        } = runtime.runs
        {
            if !done.contains(&task) {
                done.push(task);
                run(&[])?;
            }
        }
    }
    Ok(())
}

fn results(runtime: &Runtime, cases: &[Case]) -> Result<Results, String> {
    let file = folder().join(format!("{}.txt", runtime.key));
    if let Runs::Here = runtime.runs {
        let results = test(runtime.key, cases)?;
        write_file(&file, &results::lines(&results))?;
        return Ok(results);
    }
    let text = fs::read_to_string(&file).map_err(|error| {
        let how = match runtime.runs {
            Runs::Here => "cargo xtask conformance",
            Runs::By { task, .. } => task,
        };
        format!("{}: no results ({error}): run `{how}` first", runtime.key)
    })?;
    results::parse(&text).map_err(|why| format!("{}: {why}", runtime.key))
}

/// Runs a test program of this machine.
fn test(program: &str, cases: &[Case]) -> Result<Results, String> {
    println!("\n── {program}");
    let mut command = cargo();
    command
        .args(["test", "--quiet", "-p", "cancel-conformance"])
        .args(["--test", program, "--", "--format", "pretty"])
        .stderr(std::process::Stdio::inherit());
    let output = command
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let results = results::of_test_program(&text);
    let failed = results.values().flatten().count();
    println!("── {program}: {} cases, {failed} failed", results.len());
    // Else something went wrong besides the cases.
    if output.status.success() != (failed == 0) || results.is_empty() {
        let known = |name: &&String| cases.iter().any(|case| case.name == **name);
        let known = results.keys().filter(known).count();
        return Err(format!(
            "{program}: {}, after {known} cases\n{text}",
            output.status
        ));
    }
    Ok(results)
}

/// Where the results are.
fn folder() -> PathBuf {
    root().join("target/conformance")
}

/// Writes table and page, or sees to it that they are as they should be.
fn publish(table: &str, page: &str, write: bool) -> Outcome {
    let readme = root().join("README.md");
    let text = fs::read_to_string(&readme).map_err(|error| format!("README.md: {error}"))?;
    let new = report::between_marks(&text, table)?;
    let results = root().join("tests/conformance/RESULTS.md");
    if write {
        write_file(&readme, &new)?;
        return write_file(&results, page);
    }
    let same = text == new && fs::read_to_string(&results).is_ok_and(|old| old == page);
    match same {
        true => Ok(()),
        false => Err(
            "README.md or tests/conformance/RESULTS.md is not what this run says: \
                      cargo xtask conformance --write"
                .into(),
        ),
    }
}

fn write_file(path: &Path, text: &str) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}
