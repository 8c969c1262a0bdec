//! How the server ends: jobs first, clients last.

use crate::support::{SLOW, events, job, open, start, within};
use ::jobs::Refusal;
use cancel_smol::{Change, Filter, Reason};
use serde_json::json;
use smol::stream::StreamExt;
use std::process::{Command, Output};

#[test]
fn jobs_are_cancelled_and_everybody_is_told() {
    within(async {
        let server = start(SLOW).await;
        let mut changes = server.board.registry().changes();
        let id = job(server.address, "backup", 5).await;
        let mut live = events(server.address, "/events").await;
        assert_eq!(live.next().await.unwrap().0, "list");
        let waiting = open(server.address, "GET", "/report", "").await;
        let mut started = 0;
        while started < 2 {
            started += u32::from(matches!(changes.next().await, Some(Change::Started(_))));
        }
        assert!(server.board.folder().exists());

        server.op.cancel_with("that will do");
        let cancelled = server.task.await;
        assert_eq!(cancelled.message(), Some("that will do"));

        assert_eq!(waiting.reply().await.status, 503);
        let (mut last, mut names) = (json!(null), Vec::new());
        while let Some((name, mut data)) = live.next().await {
            if data["job"]["id"] == id {
                last = data["job"].take();
            }
            names.push(name);
        }
        assert_eq!(names.last().unwrap(), "goodbye");
        assert_eq!(last["status"], "cancelled");
        assert_eq!(last["reason"], "shutdown");
        let all = server.board.registry().history(&Filter::new());
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|job| job.reason() == Some(Reason::Shutdown)));
        assert!(!server.board.folder().exists());

        let order = ::jobs::Order {
            kind: ::jobs::Kind::Primes,
            name: String::new(),
            steps: 1,
            deadline: None,
        };
        assert_eq!(server.board.start(order).unwrap_err(), Refusal::Stopping);
    });
}

/// The program itself.
fn program(arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_jobs"));
    program.args(arguments);
    program
}

/// Outlives no test that fails.
#[cfg(unix)]
struct Killed(std::process::Child);

#[cfg(unix)]
impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn the_program_ends_well_at_ctrl_c() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::Stdio;

    within(async {
        let mut program = program(&["--port", "0"]);
        let mut server = Killed(program.stdout(Stdio::piped()).spawn().unwrap());
        let mut output = BufReader::new(server.0.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap();
        let address = address.split(' ').next().unwrap().parse().unwrap();

        let id = job(address, "primes", 10_000).await;
        let path = format!("/jobs/{id}/events");
        let mut live = events(address, &path).await;
        while live.next().await.unwrap().1["job"]["status"] != "running" {}

        // (The shell's own: not every system has the program.)
        let mut kill = Command::new("sh");
        let signal = format!("kill -INT {}", server.0.id());
        assert!(kill.args(["-c", &signal]).status().unwrap().success());

        let mut last = json!(null);
        while let Some((_, mut data)) = live.next().await {
            last = data["job"].take();
        }
        assert_eq!(last["reason"], "shutdown");
        let (rest, status) = smol::unblock(move || {
            let mut rest = String::new();
            output.read_to_string(&mut rest).unwrap();
            (rest, server.0.wait().unwrap())
        })
        .await;
        assert_eq!(rest, "Stopped: cancelled: signal 2: SIGINT\n");
        assert!(status.success());
    });
}

#[test]
fn the_program_explains_itself() {
    for arguments in [&["--port", "x"][..], &["--port"], &["--help"]] {
        let Output { status, stderr, .. } = program(arguments).output().unwrap();
        assert_eq!(status.code(), Some(2));
        assert!(String::from_utf8(stderr).unwrap().contains("usage: jobs"));
    }
}
