//! Starts it in a terminal, and types Ctrl-C.
#![cfg(unix)]

#[path = "support/place.rs"]
mod place;

use place::Place;
use pty_process::Size;
use pty_process::blocking::{Command, open};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);

/// The key, as a terminal sends it.
const CTRL_C: &[u8] = b"\x03";

const SLOW_FILE: (&str, &str) = ("CHECKSUMS_SLOW_FILE_MS", "40");
/// An hour.
const SLOW_CLEANUP: (&str, &str) = ("CHECKSUMS_SLOW_CLEANUP_MS", "3600000");

struct Terminal {
    child: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
}

impl Terminal {
    fn run(place: &Place, variables: &[(&str, &str)]) -> Terminal {
        let (terminal, inner) = open().unwrap();
        terminal.resize(Size::new(24, 120)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_checksums"))
            .args(place.arguments("sums"))
            .envs(variables.iter().copied())
            .env("TERM", "xterm")
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
            seen: Vec::new(),
        }
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    #[track_caller]
    fn wait_for(&mut self, what: &str, is_there: impl Fn(&str) -> bool) {
        let end = Instant::now() + BOUND;
        while !is_there(&self.seen()) {
            let rest = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(error) => panic!("no {what} ({error}) in {}", self.seen()),
            }
        }
    }

    /// Until the bar says that so many files, or more, are done.
    #[track_caller]
    fn wait_for_files(&mut self, least: usize) {
        let after = format!("/{FILES} files");
        self.wait_for("files", |seen| {
            seen.split(&after)
                .filter_map(|text| text.rsplit(' ').next()?.parse::<usize>().ok())
                .any(|done| done >= least)
        });
    }

    fn press(&mut self, key: &[u8]) {
        self.keyboard.write_all(key).unwrap();
    }

    fn kill(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.child.id());
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", &command]).status().unwrap().success());
    }

    #[track_caller]
    fn end(mut self) -> (ExitStatus, String) {
        let end = Instant::now() + BOUND;
        loop {
            let rest = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(rest) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {}", self.seen()),
            }
        }
        (self.child.wait().unwrap(), self.seen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const FILES: usize = 30;

fn tree(test: &str) -> Place {
    let place = Place::new(test);
    for number in 0..FILES {
        let content = vec![number as u8; number * 5000];
        place.add(&format!("{}/file {number}", number % 4), &content);
    }
    place
}

/// How many files the state has. They are those that were seen to be done, and not all.
#[track_caller]
fn saved(place: &Place, least: usize) -> usize {
    assert!(!place.has("sums") && !place.has("state.new"));
    let count = place.read("state").lines().count() - 1;
    assert!((least..FILES).contains(&count), "{count}");
    count
}

/// Starts it again. It skips what was saved, and its output is that of a run that nobody stopped.
#[track_caller]
fn assert_goes_on(place: &Place, saved: usize) {
    let (status, seen) = Terminal::run(place, &[]).end();
    assert!(status.success(), "{status}, {seen}");
    let resumed = format!("resumed: {saved} of {FILES}");
    assert!(seen.contains(&resumed), "no `{resumed}` in {seen}");
    assert!(!place.has("state"));

    let mut plain = std::process::Command::new(env!("CARGO_BIN_EXE_checksums"));
    let output = plain.args(place.arguments("plain")).output().unwrap();
    assert!(output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("resumed"));
    assert_eq!(place.read("plain").lines().count(), FILES);
    assert_eq!(place.read("sums"), place.read("plain"));
}

#[test]
fn ctrl_c_saves_and_the_next_start_goes_on() {
    let place = tree("ctrl_c");
    let mut terminal = Terminal::run(&place, &[SLOW_FILE]);
    terminal.wait_for_files(2);
    terminal.press(CTRL_C);
    let (status, seen) = terminal.end();
    assert_eq!(status.code(), Some(130), "{status}, {seen}");
    assert!(seen.contains("stopped by SIGINT"), "{seen}");
    let first = saved(&place, 2);

    // A second time, further on.
    let mut terminal = Terminal::run(&place, &[SLOW_FILE]);
    terminal.wait_for_files(first + 2);
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().0.code(), Some(130));
    let second = saved(&place, first + 2);
    assert_goes_on(&place, second);
}

#[test]
fn kill_saves_too() {
    let place = tree("kill");
    let mut terminal = Terminal::run(&place, &[SLOW_FILE]);
    terminal.wait_for_files(1);
    terminal.kill("TERM");
    let (status, seen) = terminal.end();
    assert_eq!(status.code(), Some(143), "{status}, {seen}");
    assert_goes_on(&place, saved(&place, 1));
}

/// The process dies of it, which shells show as 130. What was saved before is still there.
#[test]
fn a_second_ctrl_c_does_not_wait_for_the_cleanup() {
    let place = tree("second");
    let mut terminal = Terminal::run(&place, &[SLOW_FILE]);
    terminal.wait_for_files(2);
    terminal.press(CTRL_C);
    assert_eq!(terminal.end().0.code(), Some(130));
    let first = saved(&place, 2);

    let mut terminal = Terminal::run(&place, &[SLOW_FILE, SLOW_CLEANUP]);
    terminal.wait_for_files(first + 2);
    terminal.press(CTRL_C);
    terminal.wait_for("cleanup", |seen| seen.contains("saving..."));
    terminal.press(CTRL_C);
    let (status, seen) = terminal.end();
    assert_eq!(status.signal(), Some(2), "{status}, {seen}");
    assert!(!seen.contains("saved:"), "{seen}");
    assert_eq!(saved(&place, 2), first);
    assert_goes_on(&place, first);
}

/// One that takes hours: it stops in the middle of the file.
#[test]
fn a_large_file_is_not_read_to_its_end() {
    let place = Place::new("large");
    place.add("a", b"a");
    let large = File::create(place.path("tree/b")).unwrap();
    large.set_len(1 << 40).unwrap(); // takes no room on the disk
    let mut terminal = Terminal::run(&place, &[]);
    terminal.wait_for("part of the large one", |seen| seen.contains(" MiB/"));
    terminal.press(CTRL_C);
    let (status, seen) = terminal.end();
    assert_eq!(status.code(), Some(130), "{status}, {seen}");
    assert_eq!(place.read("state").lines().count(), 2, "{seen}");
}
