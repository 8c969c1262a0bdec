//! Runs the programs of `02_advanced/` about threads and tasks, and reads what they print.

#[path = "support/run.rs"]
mod support;

use support::{assert_lines, run};

#[test]
fn cancel_from_thread() {
    let lines = run("05_cancel_from_thread");
    assert_lines(
        &lines,
        &[
            "Cancelled from a thread:",
            "Task: cancelled: manual: Cancelled from thread",
            "Threads told: 4",
            "Cancel won: true",
            "Blocking work in a thread:",
            "Progress: 2 numbers",
            "Thread: cancelled: timeout of 100ms",
            "Blocking work on this thread:",
            "Callback: sum is over",
            "Result: cancelled: timeout of 100ms of \"sum\"",
            "Final status: cancelled",
        ],
    );
}

#[test]
fn cancel_from_async() {
    let lines = run("06_cancel_from_async");
    assert_eq!(
        lines,
        [
            "From another task:",
            "worker 1: cancelled: manual: supervisor: queue is empty",
            "worker 2: cancelled: manual: supervisor: queue is empty",
            "worker 3: cancelled: manual: supervisor: queue is empty",
            "Supervisor won: true",
            "From inside:",
            "Step 1",
            "Step 2",
            "Step 3",
            "Result: cancelled: manual: three are enough",
            "By the failure of another task:",
            "Reason: error, because: disk full",
            "While computing:",
            "Result: cancelled: timeout of 50ms",
            "There is a partial result: true",
        ]
    );
}

#[test]
fn shared_context() {
    let lines = run("11_shared_context");
    assert_lines(
        &lines,
        &[
            "[no operation] before",
            "[import for ada] started",
            "[import for ada] parsing in a thread",
            "[import for ada] parsing in a thread",
            "Result: cancelled: timeout of 200ms of \"import\"",
            "Progress and partial result seen while it ran: true",
            "Some of it is done: true",
            "Partial result: *",
            "Status: cancelled, reason: timeout",
        ],
    );
    assert!(!lines.iter().any(|line| line == "Partial result: none"));
}

#[test]
fn task_group() {
    let lines = run("12_task_group");
    let cleaned = |n| format!("Task {n} cleaned up: parser: invalid digit found in string");
    assert_eq!(
        lines,
        [
            "All succeed:",
            "Sizes: [100, 200, 300, 400]",
            "One fails:",
            &cleaned(1),
            &cleaned(2),
            "Error: invalid digit found in string",
            "Status: failed",
            "One times out:",
            "Error: cancelled: timeout of 20ms of \"hasty\"",
            "Group: hasty: cancelled: timeout of 20ms of \"hasty\"",
            "Each for itself, two at once:",
            "Sizes of all that came: 800",
            "Error of page 2: there is none",
            "The operation around it times out:",
            "The last task is over",
            "Body: cancelled by parent (timeout of 30ms)",
        ]
    );
}
