//! Runs the programs of `02_advanced/` that need no signals and no system, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run, seconds_after};

#[test]
fn shielded_operations() {
    let lines = run("03_shielded_operations");
    assert_lines(
        &lines,
        &[
            "Timeout with cleanup:",
            "Step 2/3",
            "Cleanup: closing, running before",
            "Cleanup: closed",
            "Result: cancelled: timeout of *",
            "Final status: cancelled",
            "Shielded transaction:",
            "Transaction: begin",
            "Transaction: commit (cancelled: true)",
            "After the shield: committed",
            "Result: cancelled: timeout of *",
            "Final status: cancelled",
            "A cleanup that hangs, bounded:",
            "Result: cancelled: timeout of *",
            "Error: cleanup did not end within *",
            "Grace period, used:",
            "Asked to stop: timeout",
            "Result: two thirds of it",
            "Final status: completed",
        ],
    );
    assert!(!lines.iter().any(|line| line == "Step 3/3"), "{lines:#?}");
}

#[test]
fn timeout_helper() {
    assert_eq!(
        run("04_timeout_helper"),
        [
            "Around any future:",
            "fast query: 42 rows",
            "slow query: cancelled: timeout of 100ms",
            "With a default:",
            "lookup: cancelled: timeout of 100ms of \"lookup\"",
            "lookup gave: no rows",
            "Nested, the earliest counts:",
            "inner has at most 1 s: true",
            "outer: cancelled: timeout of 100ms of \"outer\"",
            "Moved while it runs:",
            "patient: 42 rows",
        ]
    );
}

#[test]
fn all_of() {
    let lines = run("09_all_of");
    assert_lines(
        &lines,
        &[
            "A minimum time AND a stop request:",
            "... stop requested",
            "Stopped at step *",
            "Reason: timeout",
            "Both workers gone:",
            "... worker 1 gone",
            "... worker 2 gone",
            "Reason: manual",
            "Message: worker 2 gone",
            "(Minimum time AND stop) OR shutdown:",
            "Reason: shutdown",
            "Message: power is failing",
            "after left:  false",
            "after right: true",
            "because of:  cancelled: manual: right",
        ],
    );
}

#[test]
fn retry() {
    let lines = run("13_retry");
    let at = |title: &str| lines.iter().position(|line| line == title).expect(title);
    let (comes, not) = (
        at("A server that comes up:"),
        at("A server that does not, for a second:"),
    );
    let (pause, before) = (
        at("Stopped in a pause, which ends at once:"),
        at("Stopped before the first attempt:"),
    );
    assert_eq!(comes, 0);
    let four = ["attempt 1", "attempt 2", "attempt 3", "attempt 4"];
    assert_eq!(lines[1..5], four);
    assert_eq!(lines[5], "Result: 42 rows");
    assert!(seconds_after(&lines[comes..], "after ") >= 0.07);

    assert_lines(
        &lines[not..pause],
        &["attempt 1", "Result: cancelled: timeout of *"],
    );
    assert!(seconds_after(&lines[not..], "after ") >= 0.1);

    assert_lines(
        &lines[pause..before],
        &["attempt 1", "Result: cancelled: manual: user pressed stop"],
    );

    let end = &lines[before + 1..];
    assert_eq!(end[0], "Result: cancelled: manual: user pressed stop");
    assert_eq!(end.len(), 2, "{end:#?}");
}

#[test]
fn combined_cancelation() {
    let lines = run("01_combined_cancelation");
    assert_lines(
        &lines,
        &[
            "Created manual token: token-*",
            "=== COMBINING STEP 1: timeout + token ===",
            "First combine result: Cancelable { name: None, parent: None, timeout: *",
            "=== COMBINING STEP 2: (timeout+token) + signal ===",
            "Final combine result: op-1 with token token-*",
            "Press Ctrl+C to cancel, or wait for timeout/manual cancel...",
            "Working... 6/20",
            "Triggering manual cancelation...",
            "About to cancel token: token-*",
            "Token cancel call completed",
            "Cancelled: manual - Demonstration cancel",
            "Operation was cancelled",
            "Reason: manual",
            "Message: Demonstration cancel",
        ],
    );
    let manual = lines[0].trim_start_matches("Created manual token: ");
    assert!(lines.contains(&format!("About to cancel token: {manual}")));
    assert!(!lines.iter().any(|line| line == "Working... 7/20"));
}

#[test]
fn all_sources() {
    assert_eq!(
        run("02_all_sources"),
        [
            "timeout: cancelled: timeout of 200ms of \"robust_operation\"",
            "token: cancelled: manual: user pressed stop",
            "condition: cancelled: condition \"disk full\" met",
            "flag: cancelled: condition: maintenance begins",
            "sensor: cancelled: custom 7: temperature over 90 °C",
            "failure: cancelled: error",
            "because of: connection reset",
        ]
    );
}
