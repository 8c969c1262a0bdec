//! Processes that cancel one another, through a Redis that the test starts: `cargo xtask broker`.
#![cfg(unix)]

#[path = "support/program.rs"]
mod program;
#[path = "support/server.rs"]
mod server;

use program::{Running, broker};
use redis::TypedCommands;
use server::Server;

/// A worker that listens, and has begun to work.
fn worker(server: &Server, name: &str, more: &[&str]) -> Running {
    let url = server.url();
    let words = [&["work", name, "--redis", &url], more].concat();
    let mut worker = broker(&words);
    worker.expect(&format!("{name}: listening"));
    worker.expect(&format!("{name}: step 1/"));
    worker
}

/// Exit code and output.
fn cancel(server: &Server, name: &str, more: &[&str]) -> (Option<i32>, Vec<String>) {
    let url = server.url();
    broker(&[&["cancel", name, "--redis", &url], more].concat()).end()
}

#[track_caller]
fn assert_end(worker: Running, code: i32, expected: &[&str]) {
    let (status, mut lines) = worker.end();
    lines.retain(|line| !line.contains(": step "));
    assert_eq!(lines, expected);
    assert_eq!(status, Some(code));
}

#[test]
fn one_of_two_processes_is_cancelled() {
    let server = Server::start();
    let one = worker(&server, "one", &[]);
    let two = worker(&server, "two", &[]);

    let reason = ["--reason", "shutdown", "--message", "new release"];
    assert_eq!(
        cancel(&server, "one", &reason),
        (Some(0), vec!["1 told".into()])
    );
    assert_end(
        one,
        1,
        &[
            "one: reason: shutdown",
            "one: message: new release",
            "one: cancelled",
        ],
    );

    assert_eq!(cancel(&server, "two", &["--reason", "custom:7"]).0, Some(0));
    assert_end(
        two,
        1,
        &[
            "two: reason: custom 7",
            "two: message: none",
            "two: cancelled",
        ],
    );
}

#[test]
fn all_of_one_name_are_cancelled_and_nobody_is_an_error() {
    let server = Server::start();
    let nobody = vec![String::from("nobody listens to crawl")];
    assert_eq!(cancel(&server, "crawl", &[]), (Some(1), nobody.clone()));

    let workers = [(); 2].map(|()| worker(&server, "crawl", &[]));
    let told = cancel(&server, "crawl", &["--message", "enough \"\n"]);
    assert_eq!(told, (Some(0), vec!["2 told".into()]));
    for worker in workers {
        let (status, lines) = worker.end();
        let message = lines
            .iter()
            .position(|line| line == "crawl: message: enough \"");
        assert!(message.is_some(), "{lines:#?}");
        assert_eq!(status, Some(1));
    }
    assert_eq!(cancel(&server, "crawl", &[]), (Some(1), nobody));
}

#[test]
fn work_that_nobody_cancels_is_completed() {
    let server = Server::start();
    let worker = worker(&server, "short", &["--steps", "2"]);
    assert_end(worker, 0, &["short: completed"]);
}

#[test]
fn what_is_not_a_request_has_no_effect() {
    let server = Server::start();
    let mut worker = worker(&server, "job", &[]);
    let mut connection = redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap();
    for text in ["stop!", r#"{"reason":"because"}"#, r#"{"message":5}"#, "[]"] {
        assert_eq!(connection.publish("cancel:job", text).unwrap(), 1);
        worker.expect("job: NotARequest(");
    }
    let later = r#"{"message":"enough","version":2}"#;
    connection.publish("cancel:job", later).unwrap();
    assert_end(
        worker,
        1,
        &[
            "job: reason: manual",
            "job: message: enough",
            "job: cancelled",
        ],
    );
}

#[test]
fn a_worker_reconnects() {
    let mut server = Server::start();
    let mut worker = worker(&server, "import", &[]);
    server.restart();
    worker.expect("import: Redis is gone");
    worker.expect("import: Redis is back");
    assert_eq!(
        cancel(&server, "import", &["--message", "at last"]).0,
        Some(0)
    );
    assert_end(
        worker,
        1,
        &[
            "import: reason: manual",
            "import: message: at last",
            "import: cancelled",
        ],
    );
}

#[test]
fn a_worker_without_redis_gives_up() {
    let mut server = Server::start();
    let mut worker = worker(&server, "import", &["--patience", "0.5"]);
    server.stop();
    worker.expect("import: Redis is gone");
    worker.expect("import: reason: error");
    worker.expect("import: message: Redis was lost and not back within 500ms");
    worker.expect("import: because: ");
    assert_end(worker, 1, &["import: cancelled"]);
}

#[test]
fn a_redis_that_hangs_is_lost_too() {
    let server = Server::start();
    let mut worker = worker(&server, "import", &["--patience", "0.5"]);
    // Longer than it takes to look whether Redis is there: it answers, so nothing happens.
    worker.expect("import: step 9/");
    server.hang();
    worker.expect("import: Redis is gone");
    assert_end(
        worker,
        1,
        &[
            "import: reason: error",
            "import: message: Redis was lost and not back within 500ms",
            "import: cancelled",
        ],
    );
}
