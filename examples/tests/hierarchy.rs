//! Runs the program of `02_advanced/` about operations inside operations, and reads what it prints.

#[path = "support/run.rs"]
mod support;

use support::run;

#[test]
fn hierarchy() {
    assert_eq!(
        run("14_hierarchy"),
        [
            "Basic hierarchy:",
            "Parent started",
            "child_1 working",
            "child_2 working",
            "Parent complete",
            "parent: completed",
            "A child is cancelled, then the parent:",
            "The parent goes on: true",
            "The sibling goes on: true",
            "parent: cancelled: manual: enough",
            "child_1: cancelled: manual: not needed",
            "child_2: cancelled by parent (manual): enough",
            "grandchild: cancelled by parent (manual): enough",
            "elsewhere: cancelled by parent (manual): enough",
            "Timeout propagation:",
            "quick_task: completed",
            "hasty_task: cancelled: timeout of 30ms of \"hasty_task\"",
            "An hour would be nice, there is less: true",
            "slow_task: parent",
            "parent: cancelled: timeout of 400ms of \"parent\"",
        ]
    );
}
