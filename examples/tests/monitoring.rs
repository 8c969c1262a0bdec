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

#[test]
fn live_progress() {
    let lines = run("02_live_progress");
    assert_lines(
        &lines,
        &[
            "A body that fails, watched:",
            "[convert] started",
            "###*",
            "[convert] failed",
            "on_error: row 150 has no date",
            "Result: row 150 has no date",
            "Reported 150 times, drawn fewer: true",
            "A parent that is cancelled, and what is detached from it:",
            "[part] asked to stop: cancelled by parent (manual): client went away",
            "[part] cancelled",
            "Part: cancelled by parent (manual): client went away",
            "Audit finished: true",
        ],
    );
    // The last report is drawn, whatever came before.
    let drawn = lines.iter().rfind(|line| line.ends_with(" %"));
    assert!(drawn.is_some_and(|line| line.ends_with(" 75 %")));
}

#[test]
fn testing_kit() {
    assert_eq!(
        run("03_testing_kit"),
        [
            "Six hours are not enough, as a test would find out:",
            "cancelled: timeout of 21600s of \"backup\", after 21600s",
            "Timers left behind: 0",
            "A scenario, and what came of it:",
            "0s backup started",
            "0s backup progress: 1/8",
            "3600s backup progress: 2/8",
            "7200s backup progress: 3/8",
            "9000s script cancels: manual: maintenance begins",
            "9000s backup cancel requested: manual: maintenance begins",
            "10800s backup cancelled: manual: maintenance begins",
            "Eleven hours took less than one: true",
        ]
    );
}
