//! Examples that go on running while a test reads what they print, and sends them signals.
#![allow(dead_code)] // each test file uses some of it

use std::io::{BufRead, BufReader};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Generous: reached only by a failure.
pub(crate) const BOUND: Duration = Duration::from_secs(30);

/// A running example, and what it prints.
pub(crate) struct Running {
    child: Child,
    output: Receiver<String>,
    lines: Vec<String>,
}

impl Running {
    pub(crate) fn new(child: Child, output: impl std::io::Read + Send + 'static) -> Running {
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

    /// Waits for a line.
    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) {
        self.expect_after(wanted, |line| (line == wanted).then_some(()));
    }

    /// Waits for a line that begins like that, and gives the rest of it.
    #[track_caller]
    pub(crate) fn rest_of(&mut self, beginning: &str) -> String {
        let rest = |line: &str| line.strip_prefix(beginning).map(String::from);
        self.expect_after(beginning, rest)
    }

    #[track_caller]
    fn expect_after<T>(&mut self, wanted: &str, found: impl Fn(&str) -> Option<T>) -> T {
        loop {
            match self.output.recv_timeout(BOUND) {
                Ok(line) => {
                    let found = found(&line);
                    self.lines.push(line);
                    if let Some(found) = found {
                        return found;
                    }
                }
                Err(error) => panic!("no `{wanted}` ({error}) in {:#?}", self.lines),
            }
        }
    }

    pub(crate) fn kill(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.child.id());
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", &command]).status().unwrap().success());
    }

    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
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
