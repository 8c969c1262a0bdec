//! All tests on a busy machine: one endless loop for each core, and four more, beside them.
//!
//! No test may decide by real time which of two things comes first; here such a test fails.

use crate::check;
use crate::run::{Outcome, cargo, step};
use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// How many loops there are beside those of the cores.
const MORE: usize = 4;

pub(crate) fn run(args: &[String]) -> Outcome {
    let asked = parse(args)?;
    // Without the loops.
    step("building", tests(&asked.rest).arg("--no-run"))?;
    let loops = Loops::start(cores() + MORE)?;
    let mut failed = Vec::new();
    for round in 1..=asked.times {
        let title = format!(
            "round {round} of {}, beside {} busy loops",
            asked.times,
            loops.threads.len()
        );
        // All of them, since the next round may find something else.
        if let Err(error) = step(&title, tests(&asked.rest).arg("--no-fail-fast")) {
            failed.push(error);
        }
        if asked.rest.is_empty() {
            failed.extend(check::without_std().err());
        }
    }
    drop(loops);
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join("; ")),
    }
}

/// `cargo test` of what was asked for; else of all.
fn tests(rest: &[String]) -> std::process::Command {
    let mut command = cargo();
    command.arg("test");
    match rest.is_empty() {
        true => command.arg("--workspace"),
        false => command.args(rest),
    };
    command
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[derive(Debug, PartialEq)]
struct Asked {
    times: u32,
    /// For `cargo test`.
    rest: Vec<String>,
}

fn parse(args: &[String]) -> Result<Asked, String> {
    let (ours, rest) = match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], args[at + 1..].to_vec()),
        None => (args, Vec::new()),
    };
    let times = match ours {
        [] => 3,
        [name, times] if name == "--times" => times
            .parse()
            .ok()
            .filter(|times| *times > 0)
            .ok_or_else(|| format!("--times {times}: a number from 1 on is wanted"))?,
        other => {
            let usage = "usage: busy [--times N] [-- ARGUMENTS OF CARGO TEST]";
            return Err(format!("{}: {usage}", other.join(" ")));
        }
    };
    Ok(Asked { times, rest })
}

/// Threads that do nothing as fast as they can. They end with this, and with the process in any case.
struct Loops {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Loops {
    fn start(number: usize) -> Result<Self, String> {
        let mut loops = Loops {
            over: Arc::default(),
            threads: Vec::new(),
        };
        for _ in 0..number {
            let over = loops.over.clone();
            let thread = thread::Builder::new().name("busy".into()).spawn(move || {
                let mut rounds = 0u64;
                // Relaxed: nothing else depends on it.
                while !over.load(Ordering::Relaxed) {
                    rounds = black_box(rounds.wrapping_add(1));
                    spin_loop();
                }
                rounds
            });
            loops
                .threads
                .push(thread.map_err(|error| format!("a busy loop: {error}"))?);
        }
        Ok(loops)
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Asked, String> {
        let args: Vec<String> = text.split_whitespace().map(String::from).collect();
        parse(&args)
    }

    #[test]
    fn arguments() {
        let all = |times| Asked {
            times,
            rest: Vec::new(),
        };
        assert_eq!(parsed(""), Ok(all(3)));
        assert_eq!(parsed("--times 1"), Ok(all(1)));
        let part = Asked {
            times: 2,
            rest: vec!["-p".into(), "cancel-std".into()],
        };
        assert_eq!(parsed("--times 2 -- -p cancel-std"), Ok(part));
        for wrong in ["--times", "--times 0", "--times x", "-p cancel-std", "5"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn loops_end() {
        let loops = Loops::start(2).unwrap();
        let over = loops.over.clone();
        assert_eq!(loops.threads.len(), 2);
        drop(loops);
        assert_eq!(Arc::strong_count(&over), 1); // all threads are gone
    }
}
