//! What a runtime made of the cases: `group::case ok` or `group::case FAILED why`, one a line.

use super::cases::Case;
use super::runtimes::{Runs, Runtime};
use std::collections::BTreeMap;

/// The cases that ran: `None` for one that passed, else what it said.
pub(crate) type Results = BTreeMap<String, Option<String>>;

/// Reads a file of results. Lines that begin with `#` are remarks.
pub(crate) fn parse(text: &str) -> Result<Results, String> {
    let mut results = Results::new();
    let lines = text.lines().map(str::trim);
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let result = match rest.strip_prefix("FAILED") {
            Some(why) => Some(why.trim().to_owned()),
            None if rest == "ok" => None,
            None => return Err(format!("not a result: {line}")),
        };
        // A case that ran twice has to pass both times.
        let old = results.insert(name.to_owned(), result);
        if let Some(Some(failed)) = old {
            results.insert(name.to_owned(), Some(failed));
        }
    }
    Ok(results)
}

/// The same as lines.
pub(crate) fn lines(results: &Results) -> String {
    let lines = results.iter().map(|(name, result)| match result {
        None => format!("{name} ok\n"),
        Some(why) => format!("{name} FAILED {why}\n"),
    });
    lines.collect()
}

/// The results that a test program of Rust prints.
pub(crate) fn of_test_program(text: &str) -> Results {
    let mut results = Results::new();
    for line in text.lines() {
        let test = line
            .strip_prefix("test ")
            .and_then(|line| line.split_once(" ... "));
        let Some((name, result)) = test else { continue };
        // (What is ignored has not run.)
        match result.split_whitespace().next() {
            Some("ok") => drop(results.insert(name.to_owned(), None)),
            Some("FAILED") => drop(results.insert(name.to_owned(), Some(why(text, name)))),
            _ => {}
        }
    }
    results
}

/// What a test said when it panicked.
fn why(text: &str, name: &str) -> String {
    let output = text.split_once(&format!("---- {name} stdout ----"));
    let panic = output.and_then(|(_, output)| output.split_once("panicked at "));
    let message = panic.and_then(|(_, panic)| panic.lines().nth(1));
    message.unwrap_or("it does not say why").trim().to_owned()
}

/// What is wrong with the results of a runtime: cases that failed, did not run, or do not exist.
pub(crate) fn complaints(runtime: &Runtime, cases: &[Case], results: &Results) -> Vec<String> {
    let key = runtime.key;
    let mut complaints = Vec::new();
    for (name, result) in results {
        if !cases.iter().any(|case| case.name == *name) {
            complaints.push(format!("{key}: there is no case {name}{}", again(runtime)));
        } else if runtime.cannot(name).is_some() {
            complaints.push(format!("{key}: {name} is said to be impossible, and ran"));
        } else if let Some(why) = result {
            complaints.push(format!("{key}: {name} FAILED: {why}"));
        }
    }
    let has_to_run =
        |case: &&Case| runtime.lacks(case.list).is_none() && runtime.cannot(&case.name).is_none();
    let missing = cases.iter().filter(has_to_run);
    let missing: Vec<&str> = missing
        .map(|case| case.name.as_str())
        .filter(|name| !results.contains_key(*name))
        .collect();
    if let Some(first) = missing.first() {
        let rest = match missing.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        complaints.push(format!(
            "{key}: {first}{rest} did not run{}",
            again(runtime)
        ));
    }
    complaints
}

fn again(runtime: &Runtime) -> String {
    match runtime.runs {
        Runs::Here => String::new(),
        Runs::By { task, .. } => format!(" (are the results old? {task})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::cases::List;

    const PRINTED: &str = "
running 3 tests
test timer::one ... ok
test timer::two ... FAILED
test timer::three ... ignored

failures:

---- timer::two stdout ----

thread 'timer::two' (7) panicked at tests/x.rs:1:2:
timer.rs:5: not so: a < b
note: run with `RUST_BACKTRACE=1`

test result: FAILED. 1 passed; 1 failed
";

    #[test]
    fn what_a_test_program_prints_is_read() {
        let results = of_test_program(PRINTED);
        let lines = lines(&results);
        assert_eq!(
            lines,
            "timer::one ok\ntimer::two FAILED timer.rs:5: not so: a < b\n"
        );
        assert_eq!(parse(&lines), Ok(results));
    }

    #[test]
    fn what_is_no_result_is_refused() {
        assert!(parse("# QEMU 10\n\ntimer::one ok\n").is_ok());
        for wrong in ["timer::one", "timer::one okay", "panicked at x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        let twice = parse("a::b FAILED x\na::b ok\n").unwrap();
        assert_eq!(twice["a::b"].as_deref(), Some("x"));
    }

    #[test]
    fn nothing_passes_in_silence() {
        let runtime = Runtime {
            key: "tiny",
            name: "tiny",
            needs: "",
            runs: Runs::Here,
            lacks: &[(List::Heap, "no heap")],
            cannot: &[("a::three", "no third")],
        };
        let case = |list, name: &str| Case {
            list,
            name: name.into(),
            doc: "It holds.".into(),
        };
        let cases = [
            case(List::Core, "a::one"),
            case(List::Core, "a::two"),
            case(List::Core, "a::three"),
            case(List::Heap, "b::one"),
        ];
        let complaints = |text| complaints(&runtime, &cases, &parse(text).unwrap());
        assert_eq!(complaints("a::one ok\na::two ok"), [""; 0]);
        assert_eq!(
            complaints("a::one ok\na::two ok\na::three ok"),
            ["tiny: a::three is said to be impossible, and ran"]
        );
        assert_eq!(complaints("a::one ok"), ["tiny: a::two did not run"]);
        assert_eq!(complaints(""), ["tiny: a::one and 1 more did not run"]);
        assert_eq!(
            complaints("a::one ok\na::two FAILED why\nc::new ok"),
            ["tiny: a::two FAILED: why", "tiny: there is no case c::new"]
        );
    }
}
