//! Runs the programs of `02_advanced/` that need no signals and no system, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run};

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
            "Result: cancelled: timeout",
            "Final status: cancelled",
            "Shielded transaction:",
            "Transaction: begin",
            "Transaction: commit (cancelled: true)",
            "After the shield: committed",
            "Result: cancelled: timeout",
            "Final status: cancelled",
            "A cleanup that hangs, bounded:",
            "Result: cancelled: timeout",
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
            "slow query: cancelled: timeout",
            "With a default:",
            "lookup: cancelled: timeout",
            "lookup gave: no rows",
            "Nested, the earliest counts:",
            "inner has at most 1 s: true",
            "outer: cancelled: timeout",
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
