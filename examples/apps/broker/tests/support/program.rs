//! Runs the program, and reads what it prints.
#![allow(dead_code)] // each test file uses some of it

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Generous: reached only by a failure.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

/// A process, and what it prints.
pub(crate) struct Running {
    pub(crate) child: Child,
    output: Receiver<String>,
    lines: Vec<String>,
}

impl Running {
    pub(crate) fn new(command: &mut Command) -> std::io::Result<Running> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (send, output) = channel();
        let pipes: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|pipe| Box::new(pipe) as _),
            child.stderr.take().map(|pipe| Box::new(pipe) as _),
        ];
        for pipe in pipes.into_iter().flatten() {
            let send = send.clone();
            thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
        }
        Ok(Running {
            child,
            output,
            lines: Vec::new(),
        })
    }

    /// Whether there is a line like that, before the end.
    pub(crate) fn sees(&mut self, wanted: &str) -> bool {
        while let Ok(line) = self.output.recv_timeout(BOUND) {
            let found = line.contains(wanted);
            self.lines.push(line);
            if found {
                return true;
            }
        }
        false
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) {
        assert!(self.sees(wanted), "no `{wanted}` in {:#?}", self.lines);
    }

    /// Its exit code, and what it has printed after what was expected last.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let before = self.lines.len();
        self.sees("\0"); // until it closes its pipes
        let _ = self.child.kill(); // if it does not
        let status = self.child.wait().expect("it has a status");
        (status.code(), self.lines.split_off(before))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn broker(words: &[&str]) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_broker"));
    Running::new(command.args(words)).expect("it was built")
}
