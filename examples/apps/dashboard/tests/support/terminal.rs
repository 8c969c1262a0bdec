//! A terminal of its own for a program: keys go in, what is on the screen is read.

use pty_process::blocking::{Command, open};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// Set for what runs in such a terminal.
const INSIDE: &str = "DASHBOARD_TEST_TERMINAL";

/// Whether this process was started in such a terminal.
pub(crate) fn inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
}

impl Terminal {
    pub(crate) fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Self {
        let (terminal, inner) = open().unwrap();
        terminal
            .resize(pty_process::Size::new(ROWS, COLUMNS))
            .unwrap();
        let child = Command::new(program)
            .args(arguments)
            .env(INSIDE, "1")
            .env("RUST_BACKTRACE", "0") // it would scroll everything else away
            .spawn(inner)
            .unwrap();
        let keyboard = File::from(OwnedFd::from(terminal));
        let mut screen = keyboard.try_clone().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A terminal that is closed at the other end reads as an error.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let _ = send.send(bytes[..count].to_vec());
            }
        });
        Terminal {
            child,
            keyboard,
            output,
            parser: vt100::Parser::new(ROWS, COLUMNS, 0),
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.child.id());
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", &command]).status().unwrap().success());
    }

    /// Waits for something to be seen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str, seen: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + BOUND;
        while !seen(self.parser.screen()) {
            let rest = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(error) => panic!("no {what} ({error}):\n{}", self.parser.screen().contents()),
            }
        }
    }

    /// What has been seen so far.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Waits for a line with these words, in this order.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, words: &[&str]) {
        self.wait_for(&format!("line with {words:?}"), |screen| {
            has_line(screen, words)
        });
    }

    /// Waits for the end of the program, and for all that it has to say.
    pub(crate) fn end(mut self) -> (ExitStatus, vt100::Parser) {
        let end = Instant::now() + BOUND;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.parser.process(&bytes),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("no end ({error}):\n{}", self.parser.screen().contents()),
            }
        }
        let status = self.child.wait().unwrap();
        let parser = std::mem::replace(&mut self.parser, vt100::Parser::new(1, 1, 0));
        (status, parser)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether there is a line in which these words stand in this order.
pub(crate) fn has_line(screen: &vt100::Screen, words: &[&str]) -> bool {
    let in_order = |line: String| {
        let mut rest = line.as_str();
        words.iter().all(|word| match rest.split_once(word) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    screen.rows(0, COLUMNS).any(in_order)
}

/// The terminal is as a shell wants it: its own page, and a cursor.
#[track_caller]
pub(crate) fn assert_restored(screen: &vt100::Screen) {
    assert!(!screen.alternate_screen(), "{}", screen.contents());
    assert!(!screen.hide_cursor(), "{}", screen.contents());
}
