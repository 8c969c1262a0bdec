//! Runs the programs of `01_basics/` and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run, seconds_after};

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
fn decorated_functions() {
    assert_eq!(
        run("04_decorated_functions"),
        [
            "A function with 2 seconds:",
            "Result: slow_operation(1.5) completed",
            "Operation was cancelled: timeout of 200ms of \"slow_operation(3)\"",
            "A method with a token:",
            "Error: nothing to load",
            "row 1",
            "row 2",
            "Loaded 2 rows",
            "row 1",
            "row 2",
            "row 3",
            "Error: cancelled: manual: the user has seen enough",
        ]
    );
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
