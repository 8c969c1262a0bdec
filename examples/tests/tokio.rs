//! Runs the program of `02_advanced/` that is on tokio, and reads what it prints.

#[path = "support/run.rs"]
mod support;

use support::run;

#[test]
fn tokio_tokens() {
    assert_eq!(
        run("15_tokio_tokens"),
        [
            "Theirs cancels an operation:",
            "cancelled: shutdown: the program is ending",
            "chunks so far: true",
            "An operation cancels theirs:",
            "session: cancelled: timeout of 20ms of \"session\"",
            "worker: told to stop",
            "after the link: false",
            "Both ways, and a thread of tokio's pool:",
            "some rows: true",
            "index: cancelled: manual: a token of tokio-util was cancelled",
            "worker: told to stop",
        ]
    );
}
