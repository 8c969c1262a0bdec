//! Child processes that are told what to do by signals and lines.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const SCENARIO: &str = "CANCEL_SIGNAL_SCENARIO";

/// Scenarios by name.
pub(crate) type Children = &'static [(&'static str, fn())];

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(30);

pub(crate) struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

/// Starts the test program as a child.
pub(crate) fn start(scenario: &str) -> Child {
    start_after("", scenario)
}

/// The same, after commands of the shell.
pub(crate) fn start_after(commands: &str, scenario: &str) -> Child {
    let program = std::env::current_exe().unwrap();
    let mut process = shell()
        .args(["-c", &format!("{commands} exec \"$0\" \"$@\"")])
        .arg(program)
        .args(["--exact", "child", "--nocapture"])
        .env(SCENARIO, scenario)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (send, lines) = channel();
    let output = BufReader::new(process.stdout.take().unwrap());
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    Child {
        process,
        lines,
        seen: Vec::new(),
    }
}

/// With all signals as they are by default: the tests may run under `nohup`, or behind an `&`, where some are
/// ignored, which a shell cannot undo.
fn shell() -> Command {
    if !cfg!(target_os = "linux") {
        return Command::new("sh");
    }
    let mut env = Command::new("env");
    env.args(["--default-signal", "sh"]);
    env
}

impl Child {
    /// Waits for a line.
    #[track_caller]
    pub(crate) fn expect(&mut self, wanted: &str) {
        loop {
            match self.lines.recv_timeout(BOUND) {
                Ok(line) => {
                    let found = line == wanted;
                    self.seen.push(line);
                    if found {
                        return;
                    }
                }
                Err(error) => panic!("no `{wanted}` ({error}) in {:#?}", self.seen),
            }
        }
    }

    /// Asserts that there has been such a line.
    #[track_caller]
    pub(crate) fn saw(&self, wanted: &str) {
        let found = self.seen.iter().any(|line| line == wanted);
        assert!(found, "no `{wanted}` in {:#?}", self.seen);
    }

    /// Sends a signal, by the system's `kill`.
    #[track_caller]
    pub(crate) fn kill(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.process.id());
        let status = Command::new("sh").args(["-c", &command]).status().unwrap();
        assert!(status.success());
    }

    #[track_caller]
    fn wait(mut self) -> (std::process::ExitStatus, Vec<String>) {
        loop {
            match self.lines.recv_timeout(BOUND) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.seen),
            }
        }
        (self.process.wait().unwrap(), std::mem::take(&mut self.seen))
    }

    /// Asserts that it was killed by a signal.
    #[track_caller]
    pub(crate) fn killed_by(self, signal: i32) {
        let (status, seen) = self.wait();
        assert_eq!(status.signal(), Some(signal), "{status}, {seen:#?}");
    }

    /// Asserts that it ended by itself.
    #[track_caller]
    pub(crate) fn succeeded(self) {
        let (status, seen) = self.wait();
        assert!(status.success(), "{status}, {seen:#?}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

// ---- for the child ----

/// For ever, to be killed; but not longer than the parent, whose end closes the input.
pub(crate) fn wait_for_death() {
    println!("waiting");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    panic!("not killed");
}

/// Watches the handlers. To be made when an operation listens, or that would find it as a handler
/// that was there before.
pub(crate) struct Handlers(Vec<(i32, Arc<AtomicBool>)>);

impl Handlers {
    pub(crate) fn watch(signals: impl IntoIterator<Item = i32>) -> Handlers {
        let watch = |signal| {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, flag.clone()).unwrap();
            (signal, flag)
        };
        Handlers(signals.into_iter().map(watch).collect())
    }

    /// Blocks until the handler has run since the last time, the library's part of it included: `kill`
    /// returns earlier than that.
    pub(crate) fn wait(&self, signal: i32) {
        let (_, flag) = self.0.iter().find(|(number, _)| *number == signal).unwrap();
        let bound = Instant::now() + BOUND;
        while !flag.swap(false, Ordering::SeqCst) {
            assert!(Instant::now() < bound, "no signal {signal}");
            thread::yield_now();
        }
    }
}

/// Prints how a run ended.
pub(crate) fn print<T: std::fmt::Debug>(who: &str, result: Result<T, cancel_std::Cancelled>) {
    match result {
        Ok(value) => println!("{who}: {value:?}"),
        Err(why) => println!("{who}: {:?} {}", why.reason(), why.message().unwrap_or("-")),
    }
}
