//! Runs the programs of `05_monitoring/`, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run};

#[test]
fn registry() {
    let lines = run("01_registry");
    assert_lines(
        &lines,
        &[
            "Running:",
            "endless: running, parts: 1",
            "long: running, parts: 1",
            "short: running, parts: 1",
            "Stopping the long one, from another thread:",
            "cancelled: 2",
            "Stopping all that is left:",
            "cancelled: 2",
            "left: 0",
            "History:",
            "Statistics:",
            "registered: 7",
            "completed: 3",
            "cancelled: 4",
            "manual: 1",
            "parent: 2",
            "shutdown: 1",
            "As JSON:",
            "[{\"count\":1,\"reason\":\"manual\"},*",
            "Forgotten: 7",
        ],
    );
    let ended = |what: &str| lines.iter().filter(|line| line.ends_with(what)).count();
    assert_eq!(ended(" short: completed"), 1);
    assert_eq!(ended(" long: cancelled (manual: too long)"), 1);
    assert_eq!(ended(" endless: cancelled (shutdown)"), 1);
}
