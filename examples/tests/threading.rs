//! Runs the programs of `06_threading/`, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run};

#[test]
fn thread_safe_cancelation() {
    let lines = run("01_thread_safe_cancelation");
    assert_lines(
        &lines,
        &[
            "One thread:",
            "cancelled: manual: Cancelled from thread",
            "A race of eight:",
            "Winners: 1",
            "Everybody reads its message: true",
            "A computation that asks:",
            "Rounds: *",
        ],
    );
    assert!(!lines.iter().any(|line| line == "Rounds: 0"));
}

#[test]
fn worker_pool() {
    assert_eq!(
        run("02_worker_pool"),
        [
            "6 pieces:",
            "A worker is done",
            "A worker is done",
            "A worker is done",
            "All of it is done",
            "Done: everything",
            "Final status: completed",
            "10000 pieces:",
            "A worker was stopped: cancelled by parent (timeout of 300ms of \"pool\")",
            "A worker was stopped: cancelled by parent (timeout of 300ms of \"pool\")",
            "A worker was stopped: cancelled by parent (timeout of 300ms of \"pool\")",
            "Stopped: cancelled: timeout of 300ms of \"pool\"",
            "Done: a part",
            "Final status: cancelled",
        ]
    );
}
