//! What the tests have printed, and what is made of it.

use super::folder;
use crate::run::{Outcome, root};
use std::fs;
use std::path::PathBuf;

/// A test, and why it failed.
#[derive(Debug, PartialEq)]
pub(super) struct Ran {
    name: String,
    failure: Option<String>,
}

/// Reads what the runner of wasm-bindgen prints.
pub(super) fn results(text: &str) -> Vec<Ran> {
    let line = |line: &str| {
        let (name, how) = line.strip_prefix("test ")?.split_once(" ... ")?;
        let failure = match how.trim() {
            "ok" => None,
            _ => Some(why(text, name)),
        };
        Some(Ran {
            name: name.to_owned(),
            failure,
        })
    };
    text.lines().filter_map(line).collect()
}

/// The message of its panic, in one line.
fn why(text: &str, name: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let begin = format!("---- {name} output ----");
    lines
        .find(|line| *line == begin)
        .and_then(|_| lines.find(|line| line.contains("panicked at ")))
        .and_then(|_| lines.next())
        .unwrap_or("no reason was given")
        .to_owned()
}

/// That all suites have run to their end, and not one test has failed. (Node may end in the middle, with
/// success: when a test waits for nothing that could happen.)
pub(super) fn verdict(text: &str, results: &[Ran]) -> Outcome {
    let announced: usize = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("running ")?.split(' ').next())
        .filter_map(|number| number.parse::<usize>().ok())
        .sum();
    let failed: Vec<_> = results
        .iter()
        .filter(|ran| ran.failure.is_some())
        .map(|ran| ran.name.as_str())
        .collect();
    if !failed.is_empty() {
        Err(format!("failed: {}", failed.join(", ")))
    } else if results.is_empty() {
        Err("no test ran".into())
    } else if results.len() != announced {
        let ran = results.len();
        Err(format!("{announced} tests were announced, and {ran} ran"))
    } else {
        println!("all {announced} passed");
        Ok(())
    }
}

/// `target/conformance/NAME.txt`: a line for each case.
pub(super) fn write(name: &str, results: &[Ran]) -> Outcome {
    let mut lines: Vec<String> = results
        .iter()
        .map(|ran| match &ran.failure {
            None => format!("{} ok\n", ran.name),
            Some(why) => format!("{} FAILED {why}\n", ran.name),
        })
        .collect();
    lines.sort();
    let folder = root().join("target/conformance");
    let file = folder.join(format!("{name}.txt"));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&file, lines.concat()))
        .map_err(|error| format!("{}: {error}", file.display()))
}

/// What chromedriver is told of the browser. Not in the source tree: it has a path of this machine.
pub(super) fn webdriver(chromium: &str) -> Result<PathBuf, String> {
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ];
    // (Debug writes strings as JSON does, as far as paths and flags go.)
    let text =
        format!("{{\"goog:chromeOptions\": {{\"binary\": {chromium:?}, \"args\": {flags:?}}}}}\n");
    let file = folder().join("webdriver.json");
    fs::create_dir_all(folder())
        .and_then(|()| fs::write(&file, text))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "
running 3 tests
test deadlines::late ... FAIL
test tokens::first ... ok
test deadlines::soon ... ok

failures:

---- deadlines::late output ----
    error output:
        panicked at tests/web.rs:14:44:
        deadlines.rs:10: not so: now >= deadline

        Stack:

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 filtered out; finished in 0.02s
";

    #[test]
    fn what_failed_and_why() {
        let results = results(PRINTED);
        assert_eq!(results.len(), 3);
        assert_eq!(
            results[0],
            Ran {
                name: "deadlines::late".into(),
                failure: Some("deadlines.rs:10: not so: now >= deadline".into()),
            }
        );
        assert_eq!(results[1].failure, None);
        let verdict = verdict(PRINTED, &results);
        assert_eq!(verdict, Err("failed: deadlines::late".into()));
    }

    #[test]
    fn a_run_that_ends_in_the_middle_is_none() {
        let half = "running 2 tests\ntest a ... ok\n";
        assert!(
            verdict(half, &results(half))
                .unwrap_err()
                .contains("2 tests were announced")
        );
        assert_eq!(verdict("no tests to run!", &[]), Err("no test ran".into()));
        let whole = "running 1 test\ntest a ... ok\n\nrunning 1 test\ntest b ... ok\n";
        assert_eq!(verdict(whole, &results(whole)), Ok(()));
    }
}
