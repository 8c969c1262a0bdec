//! In a terminal, with Ctrl-C typed into it.
#![cfg(unix)]

#[path = "support/tree.rs"]
mod support;

use pty_process::blocking::{Command, open};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use support::{FILES, Tree, text};

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);

/// The key, as a terminal sends it.
const CTRL_C: &[u8] = b"\x03";

/// A run in a terminal of its own; the list goes to a file beside the tree.
struct Running {
    child: Child,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    screen: String,
}

impl Running {
    fn start(tree: &Tree, list: &Path, hidden: &[(&str, &str)]) -> Running {
        let (terminal, inner) = open().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_checksums"))
            .args(tree.arguments())
            .stdout(File::create(list).unwrap())
            .env("TERM", "xterm");
        for (variable, value) in hidden {
            command = command.env(variable, value);
        }
        terminal.resize(pty_process::Size::new(24, 200)).unwrap();
        let child = command.spawn(inner).unwrap();
        let keyboard = File::from(OwnedFd::from(terminal));
        let mut reader = keyboard.try_clone().unwrap();
        let (send, output) = channel();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            // A terminal that is closed at the other end reads as an error.
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                let _ = send.send(chunk[..length].to_vec());
            }
        });
        Running {
            child,
            keyboard,
            output,
            screen: String::new(),
        }
    }

    fn read(&mut self) -> bool {
        let chunk = self.output.recv_timeout(BOUND);
        let chunk = chunk.as_deref().unwrap_or_default();
        self.screen.push_str(&String::from_utf8_lossy(chunk));
        !chunk.is_empty()
    }

    #[track_caller]
    fn wait_for(&mut self, shown: impl Fn(&str) -> bool) {
        while !shown(&self.screen) {
            assert!(self.read(), "that is all: {:?}", self.screen);
        }
    }

    fn press_ctrl_c(&mut self) {
        self.keyboard.write_all(CTRL_C).unwrap();
    }

    fn end(mut self) -> (ExitStatus, String) {
        while self.read() {}
        let status = self.child.wait().unwrap();
        (status, std::mem::take(&mut self.screen))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last number in front of `what`.
fn number_before(what: &str, screen: &str) -> Option<usize> {
    let before = &screen[..screen.rfind(what)?];
    let digits = before.rsplit(|character: char| !character.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}

/// The bar shows that some files are done.
fn has_begun(screen: &str) -> bool {
    number_before(" files", screen).is_some_and(|files| files > 0)
}

/// Slow enough to be stopped, by far.
const SLOW: (&str, &str) = ("CHECKSUMS_PAUSE", "0.05");

#[track_caller]
fn interrupt(tree: &Tree) -> usize {
    let list = tree.state().with_extension("list");
    let mut run = Running::start(tree, &list, &[SLOW]);
    run.wait_for(has_begun);
    run.press_ctrl_c();
    let (status, screen) = run.end();
    assert_eq!(status.code(), Some(130), "{status}, {screen}");
    assert!(screen.contains("SIGINT"), "{screen}");
    assert_eq!(fs::read(&list).unwrap(), b""); // nothing half done
    let done = number_before(" files are done, saved in", &screen).expect("it says how many");
    let state = text(&fs::read(tree.state()).unwrap());
    assert_eq!(state.lines().count(), 1 + done, "{state}");
    done
}

#[test]
fn ctrl_c_saves_and_the_second_start_goes_on() {
    let tree = Tree::new("resumed");
    let plain = text(&tree.run().stdout);
    let done = interrupt(&tree);
    assert!((1..FILES).contains(&done));

    let list = tree.state().with_extension("list");
    let run = Running::start(&tree, &list, &[]);
    let (status, screen) = run.end();
    assert_eq!(status.code(), Some(0), "{status}, {screen}");
    let skipped = format!("{done} of {FILES} files were done before");
    assert!(screen.contains(&skipped), "{screen}");
    assert!(screen.contains(&format!("hashed {} files", FILES - done)), "{screen}");
    assert_eq!(text(&fs::read(&list).unwrap()), plain);
    assert!(!tree.state().exists());
}

#[test]
fn it_can_be_stopped_again_and_again() {
    let tree = Tree::new("again");
    let first = interrupt(&tree);
    let second = interrupt(&tree);
    assert!((first..FILES).contains(&second), "{first}, {second}");
    let output = tree.run();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), FILES);
}

#[test]
fn what_has_changed_meanwhile_is_read_again() {
    let tree = Tree::new("changed");
    interrupt(&tree);
    // All of them: some were done.
    for number in 0..FILES {
        fs::write(tree.file(number), format!("changed {number}, and longer")).unwrap();
    }
    fs::remove_file(tree.file(3)).unwrap();
    let resumed = tree.run();
    let plain = tree.run();
    assert_eq!(text(&resumed.stdout), text(&plain.stdout));
    assert_eq!(text(&resumed.stdout).lines().count(), FILES - 1);
}

#[test]
fn the_second_ctrl_c_exits_at_once() {
    let tree = Tree::new("impatient");
    let list = tree.state().with_extension("list");
    let mut run = Running::start(&tree, &list, &[SLOW, ("CHECKSUMS_SLOW_SAVE", "3600")]);
    run.wait_for(has_begun);
    run.press_ctrl_c();
    run.wait_for(|screen| screen.contains("Ctrl-C again exits at once."));
    run.press_ctrl_c();
    let (status, screen) = run.end();
    // Which shells show as 130.
    assert_eq!(status.signal(), Some(2), "{status}, {screen}");
    assert!(!tree.state().exists());
}

#[test]
fn a_kill_saves_as_well() {
    let tree = Tree::new("killed");
    let list = tree.state().with_extension("list");
    let mut run = Running::start(&tree, &list, &[SLOW]);
    run.wait_for(has_begun);
    let kill = format!("kill -s TERM {}", run.child.id());
    let mut shell = std::process::Command::new("sh");
    assert!(shell.args(["-c", &kill]).status().unwrap().success());
    let (status, screen) = run.end();
    assert_eq!(status.code(), Some(143), "{status}, {screen}");
    assert!(tree.state().exists());
}
