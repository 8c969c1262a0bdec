//! Runs the program, and presses Ctrl-C.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Generous: reached only if a query does not stop.
const BOUND: Duration = Duration::from_secs(60);

#[test]
fn timeout_and_ctrl_c_stop_it() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sqlite"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(program.stdout.take().unwrap());
    let (send, receive) = channel();
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = send.send(line.trim().to_string());
        }
    });
    let mut lines = Vec::new();
    while let Ok(line) = receive.recv_timeout(BOUND) {
        if line.starts_with("Counting for ever") {
            let kill = format!("kill -s INT {}", program.id());
            let mut shell = Command::new("sh");
            assert!(shell.args(["-c", &kill]).status().unwrap().success());
        }
        lines.push(line);
    }
    let _ = program.kill(); // if it does not end
    let status = program.wait().unwrap();
    assert!(status.success(), "{status}, {lines:#?}");
    lines.retain(|line| !line.starts_with("Took: "));
    assert_eq!(
        lines,
        [
            "Stopped by a timeout:",
            "Reason: timeout",
            "Message: none",
            "Final status: cancelled",
            "The connection works: visit 1",
            "Stopped by Ctrl-C:",
            "Counting for ever... (Ctrl+C to stop)",
            "Reason: signal 2",
            "Message: SIGINT",
            "Final status: cancelled",
            "The connection works: visit 2",
            "Stopped by a timeout, without async code:",
            "Error: cancelled: timeout of 300ms",
            "The connection works: visit 3",
        ]
    );
}
