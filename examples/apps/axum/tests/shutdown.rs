//! How the server ends.

#[path = "support/server.rs"]
mod support;

use cancel_tokio::{Operation, Reason, Status};
use requests::Config;
use std::time::Duration;
use support::{Client, Running, patient};

#[test]
fn requests_may_end_in_the_grace_period() {
    let server = Running::start(Config {
        pace: Duration::from_millis(10),
        ..patient()
    });
    let client = Client::get(server.address, "/report?steps=5");
    server.expect("GET /report started");
    server.op.cancel();
    let (status, text) = client.answer();
    assert_eq!(status, 200);
    assert!(text.ends_with("a report of 5 steps\n"), "{text}");
    let op = server.op.clone();
    assert_eq!(server.idle()[0].status(), Status::Completed);
    server.ended();
    assert_eq!(op.status(), Status::Completed);
}

fn all_are_cancelled(config: Config, end: impl FnOnce(&Operation)) {
    let server = Running::start(config);
    let report = Client::get(server.address, "/report");
    server.expect("GET /report started");
    let primes = Client::get(server.address, "/primes?below=1000000000000");
    server.expect("primes counting");
    let mut progress = Client::get(server.address, "/progress");
    server.expect("job of GET /progress started");
    progress.expect("HTTP/1.1 200");
    end(&server.op);
    server.expect("cancelling what is left of the requests: 3");
    server.expect("primes stopped at ");
    for client in [report, primes] {
        let (status, text) = client.answer();
        assert_eq!(status, 503);
        assert!(
            text.ends_with("cancelled: shutdown: the server is shutting down\n"),
            "{text}"
        );
    }
    progress.expect("event: end");
    progress.expect("data: cancelled: shutdown: the server is shutting down");
    let ended = server.idle();
    let cancelled = ended
        .iter()
        .filter(|it| it.reason() == Some(Reason::Shutdown));
    assert_eq!(cancelled.count(), 3);
    server.ended();
}

#[test]
fn after_it_they_are_cancelled() {
    let config = Config {
        grace: Duration::from_millis(20),
        ..patient()
    };
    all_are_cancelled(config, |op| {
        op.cancel();
    });
}

#[test]
fn being_told_twice_ends_it() {
    all_are_cancelled(patient(), |op| {
        op.cancel();
        op.force();
    });
}

#[test]
fn connections_without_a_request_hold_up_nothing_for_long() {
    // Those that wait for the next request, or have not begun any: for no time at all.
    let server = Running::start(patient());
    let mut next = Client::pipelined(server.address, &["/primes?below=100"]);
    next.expect("25 primes");
    let silent = Client::pipelined(server.address, &[]);
    server.idle();
    server.stop();
    drop((next, silent));

    // Half a request: until patience ends.
    let server = Running::start(Config {
        grace: Duration::from_millis(20),
        patience: Duration::from_millis(20),
        ..patient()
    });
    let mut half = Client::pipelined(server.address, &["/primes?below=100"]);
    half.expect("25 primes");
    half.send("GET /report HTTP/1.1\r\nHo");
    server.op.cancel();
    server.ended();
    drop(half);
}

#[cfg(unix)]
#[test]
fn the_program_at_ctrl_c() {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    /// Outlives no test that fails.
    struct Killed(Child);

    impl Drop for Killed {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    let mut program = Command::new(env!("CARGO_BIN_EXE_requests"));
    let program = program.args(["--port", "0"]).stdout(Stdio::piped());
    let mut server = Killed(program.spawn().unwrap());
    let output = BufReader::new(server.0.stdout.take().unwrap());
    let mut lines = output.lines().map(Result::unwrap);
    let mut expect = |beginning: &str| {
        let found = lines.find(|line| line.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no `{beginning}`"))
    };
    let kill = |id: u32| {
        // (The shell's own: not every system has the program.)
        let signal = format!("kill -INT {id}");
        let status = Command::new("sh").args(["-c", &signal]).status();
        assert!(status.unwrap().success());
    };

    let first = expect("Serving http://");
    let address = first.trim_start_matches("Serving http://");
    let address = address.split(". ").next().unwrap().parse().unwrap();
    let client = Client::get(address, "/report?steps=1000");
    expect("GET /report started");
    kill(server.0.id());
    expect("stopping: cancelled: signal 2: SIGINT");
    kill(server.0.id());
    expect("cancelling what is left of the requests: 1");
    expect("GET /report cancelled: shutdown: the server is shutting down");
    let (status, _) = client.answer();
    assert_eq!(status, 503);
    expect("stopped");
    assert!(server.0.wait().unwrap().success());
}

#[test]
fn the_program_explains_itself() {
    for arguments in [&["--port", "x"][..], &["--port"], &["--help"]] {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_requests"));
        let output = program.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("usage: requests"), "{errors}");
    }
}
