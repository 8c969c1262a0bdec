//! Runs `02_advanced/08_signal_handling` and stops it: with `kill`, and with Ctrl-C typed into a
//! terminal.
#![cfg(unix)]

#[path = "support/running.rs"]
mod running;
#[path = "support/run.rs"]
mod support;

use pty_process::blocking::{Command, open};
use running::Running;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use support::{assert_lines, program};

const RUNNING: &str = "Application running... (Ctrl+C to stop)";

fn piped() -> Running {
    let mut child = std::process::Command::new(program("08_signal_handling"))
        .arg("--fast")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    Running::new(child, output)
}

/// In a terminal of its own, and the keyboard of that.
fn in_a_terminal(arguments: &[&str]) -> (Running, impl Write) {
    let (terminal, inner) = open().unwrap();
    let child = Command::new(program("08_signal_handling"))
        .args(arguments)
        .spawn(inner)
        .unwrap();
    let terminal = File::from(OwnedFd::from(terminal));
    let output = terminal.try_clone().unwrap();
    (Running::new(child, output), terminal)
}

/// The key, as a terminal sends it.
const CTRL_C: &[u8] = b"\x03";

#[track_caller]
fn assert_graceful(status: ExitStatus, lines: &[String], number: i32, name: &str) {
    assert!(status.success(), "{status}, {lines:#?}");
    assert_lines(
        lines,
        &[
            RUNNING,
            "*",
            "State saved",
            "Connections closed",
            "Shutdown complete",
            &format!("Cancel reason: signal {number}"),
            &format!("Message: {name}"),
            "Final status: cancelled",
        ],
    );
}

#[test]
fn kill_shuts_it_down_gracefully() {
    for (signal, number) in [("TERM", 15), ("INT", 2)] {
        let mut example = piped();
        example.expect(RUNNING);
        example.expect("Request 1 served");
        example.kill(signal);
        let (status, lines) = example.end();
        assert_graceful(status, &lines, number, &format!("SIG{signal}"));
    }
}

#[test]
fn ctrl_c_shuts_it_down_gracefully() {
    let (mut example, mut keyboard) = in_a_terminal(&["--fast"]);
    example.expect("Request 1 served");
    keyboard.write_all(CTRL_C).unwrap();
    let (status, lines) = example.end();
    assert_graceful(status, &lines, 2, "SIGINT");
}

/// (Not `--fast`, so that the second one comes before the end of the cleanup.)
#[test]
fn a_second_ctrl_c_does_not_disturb_the_cleanup() {
    let (mut example, mut keyboard) = in_a_terminal(&[]);
    example.expect("Request 1 served");
    keyboard.write_all(CTRL_C).unwrap();
    example.expect("Shutting down gracefully...");
    keyboard.write_all(CTRL_C).unwrap();
    let (status, lines) = example.end();
    assert_graceful(status, &lines, 2, "SIGINT");
}

#[test]
fn a_second_ctrl_c_exits_if_that_was_asked_for() {
    let (mut example, mut keyboard) = in_a_terminal(&["--impatient"]);
    example.expect("Request 1 served");
    keyboard.write_all(CTRL_C).unwrap();
    example.expect("Shutting down gracefully...");
    keyboard.write_all(CTRL_C).unwrap();
    let (status, lines) = example.end();
    assert_eq!(status.signal(), Some(2), "{status}, {lines:#?}");
    assert!(!lines.iter().any(|line| line == "Shutdown complete"));
}
