//! Runs the programs of `01_basics/` and reads what they print.

use std::path::PathBuf;
use std::process::Command;

/// The lines that an example prints, with `--fast`.
fn run(name: &str) -> Vec<String> {
    let test = std::env::current_exe().expect("a test has a path");
    // .../target/debug/deps/basics-0123456789abcdef
    let built = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("a test is in `deps`");
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program: PathBuf = [built.as_os_str(), "examples".as_ref(), file.as_ref()]
        .iter()
        .collect();
    let output = match Command::new(&program).arg("--fast").output() {
        Ok(output) => output,
        Err(error) => panic!(
            "{}: {error}\n`cargo test -p cancel-examples` builds it; `--test basics` alone does \
             not, then run `cargo build -p cancel-examples --examples` before",
            program.display()
        ),
    };
    let text = String::from_utf8(output.stdout).expect("the output is text");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{text}\n{errors}",
        output.status
    );
    assert_eq!(errors, "");
    text.lines().map(|line| line.trim().to_string()).collect()
}

/// Whether all of `expected` are there, in this order. One that ends in `*` is a beginning.
#[track_caller]
fn assert_lines(lines: &[String], expected: &[&str]) {
    let mut rest = lines.iter();
    for wanted in expected {
        let found = rest.any(|line| match wanted.strip_suffix('*') {
            Some(beginning) => line.starts_with(beginning),
            None => line == wanted,
        });
        assert!(
            found,
            "`{wanted}` is missing, or not in order, in {lines:#?}"
        );
    }
}

/// The number of seconds at the end of the line that begins like that.
#[track_caller]
fn seconds_after(lines: &[String], beginning: &str) -> f64 {
    let rest = lines
        .iter()
        .find_map(|line| line.strip_prefix(beginning))
        .expect("a duration");
    rest.trim_end_matches('!')
        .trim_end_matches('s')
        .parse()
        .expect("seconds")
}

#[test]
fn basic_cancelation() {
    let lines = run("01_basic_cancelation");
    let why = "cancelled by parent (manual): client went away";
    assert_lines(
        &lines,
        &["Downloading and counting:", "Cancelling the request..."],
    );
    assert_lines(
        &lines,
        &[
            "Cancelling the request...",
            "callback: cancelled: manual: client went away",
        ],
    );
    assert_lines(
        &lines,
        &[
            &format!("Download: {why}"),
            &format!("Counter:  {why}"),
            "Request cancelled: true",
            "Application cancelled: false",
        ],
    );
}

#[test]
fn timeout_cancelation() {
    let lines = run("02_timeout_cancelation");
    assert_lines(
        &lines,
        &[
            "Progress: Starting operation",
            "Operation timed out after *",
            "Final status: cancelled",
            "Cancel reason: timeout",
        ],
    );
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(seconds_after(&lines, "Operation timed out after ") >= 0.2);
}

#[test]
fn manual_cancelation() {
    let lines = run("03_manual_cancelation");
    assert_lines(
        &lines,
        &["Starting the background task...", "Progress: Step 1/10"],
    );
    assert_lines(
        &lines,
        &[
            "Cancelling task...",
            "Background task was cancelled after *",
            "Final status: cancelled",
            "Cancel reason: manual",
            "Message: User requested cancelation",
        ],
    );
    assert!(!lines.iter().any(|line| line == "Progress: Step 10/10"));
}

#[test]
fn thread_cancelation() {
    let lines = run("05_thread_cancelation");
    assert_lines(
        &lines,
        &[
            "Async work, until a thread cancels it:",
            "Progress: 1/20",
            "Cancelling from a thread...",
            "Operation cancelled after *",
            "Final status: cancelled",
            "Cancel reason: manual",
            "Message: Cancelled from thread",
        ],
    );
    assert!(lines.iter().any(|line| line == "Watcher: still working"));
    assert!(seconds_after(&lines, "Operation cancelled after ") > 0.0);
    assert!(!lines.iter().any(|line| line == "Progress: 20/20"));
}
