//! Runs `02_advanced/08_signal_handling` and stops it: with `kill`, and with Ctrl-C typed into a
//! terminal.
#![cfg(unix)]

#[path = "support/run.rs"]
mod support;

use pty_process::blocking::{Command, open};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use support::{assert_lines, program};

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);

const RUNNING: &str = "Application running... (Ctrl+C to stop)";

/// A running example, and what it prints.
struct Running {
    child: Child,
    output: Receiver<String>,
    lines: Vec<String>,
}

impl Running {
    fn new(child: Child, output: impl std::io::Read + Send + 'static) -> Running {
        let (send, receive) = channel();
        thread::spawn(move || {
            // A terminal that is closed at the other end reads as an error.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let line = line.replace("^C", ""); // as the terminal shows the key
                let _ = send.send(line.trim().to_string());
            }
        });
        Running {
            child,
            output: receive,
            lines: Vec::new(),
        }
    }

    #[track_caller]
    fn expect(&mut self, wanted: &str) {
        loop {
            match self.output.recv_timeout(BOUND) {
                Ok(line) => {
                    let found = line == wanted;
                    self.lines.push(line);
                    if found {
                        return;
                    }
                }
                Err(error) => panic!("no `{wanted}` ({error}) in {:#?}", self.lines),
            }
        }
    }

    fn kill(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.child.id());
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", &command]).status().unwrap().success());
    }

    fn end(mut self) -> (ExitStatus, Vec<String>) {
        while let Ok(line) = self.output.recv_timeout(BOUND) {
            self.lines.push(line);
        }
        let status = self.child.wait().unwrap();
        (status, std::mem::take(&mut self.lines))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
