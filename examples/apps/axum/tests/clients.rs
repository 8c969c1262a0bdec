//! What becomes of the work for clients that go away, are too slow, or have it all.

#[path = "support/server.rs"]
mod support;

use cancel_tokio::{Reason, Status};
use requests::Config;
use std::time::Duration;
use support::{Client, Running, patient};

const FAST: Duration = Duration::from_millis(1);

#[test]
fn answers() {
    let server = Running::start(Config {
        pace: FAST,
        ..patient()
    });
    let (status, text) = Client::get(server.address, "/report?steps=3").answer();
    assert_eq!(status, 200);
    assert!(text.ends_with("a report of 3 steps\n"), "{text}");
    let (status, text) = Client::get(server.address, "/primes?below=100").answer();
    assert_eq!(status, 200);
    assert!(text.ends_with("25 primes below 100\n"), "{text}");
    let (status, text) = Client::get(server.address, "/progress?steps=3").answer();
    assert_eq!(status, 200);
    assert!(text.contains("data: 3/3"), "{text}");
    assert!(text.contains("event: end\ndata: completed"), "{text}");
    let ended = server.idle();
    assert_eq!(ended.len(), 4); // the job is one by itself
    assert!(ended.iter().all(|it| it.status() == Status::Completed));
    server.stop();
}

#[test]
fn a_client_that_leaves_takes_its_handler_along() {
    let server = Running::start(patient());
    let client = Client::get(server.address, "/report");
    server.expect("GET /report started");
    assert_eq!(server.app.registry().len(), 1);
    drop(client);
    server.expect("GET /report cancelled: the client went away");
    let ended = server.idle();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].reason(), Some(Reason::Dropped));
    server.stop();
}

#[test]
fn and_what_the_handler_has_on_a_thread() {
    let server = Running::start(patient());
    let client = Client::get(server.address, "/primes?below=1000000000000");
    server.expect("primes counting");
    drop(client);
    server.expect("primes stopped at ");
    assert_eq!(server.idle()[0].reason(), Some(Reason::Dropped));
    server.stop();
}

/// hyper reads no further while there is a request that it has not begun: it does not hear of the end.
#[test]
fn one_that_leaves_with_a_request_to_come_is_stopped_by_the_deadline() {
    let server = Running::start(Config {
        deadline: Duration::from_millis(20),
        ..patient()
    });
    let client = Client::pipelined(server.address, &["/report", "/report"]);
    server.expect("GET /report started");
    drop(client);
    server.expect("GET /report cancelled: it took too long");
    server.idle();
    server.stop();
}

#[test]
fn a_client_that_leaves_half_way_through_the_answer_cancels_the_job() {
    let server = Running::start(Config {
        pace: FAST,
        ..patient()
    });
    let mut client = Client::get(server.address, "/progress?steps=1000000");
    client.expect("data: ");
    client.expect("data: ");
    server.expect("job of GET /progress started");
    drop(client);
    // It is not dropped: its cleanup runs.
    server.expect("job of GET /progress cleaned up");
    server.expect("job of GET /progress cancelled: the client went away");
    let ended = server.idle();
    let of = |name: &str| ended.iter().find(|it| it.name() == Some(name)).unwrap();
    let job = of("job of GET /progress");
    assert_eq!(job.reason(), Some(Reason::Dropped));
    assert_ne!(job.progress().unwrap().current(), Some(1_000_000));
    assert_eq!(of("GET /progress").status(), Status::Completed);
    server.stop();
}

#[test]
fn the_deadline_answers_504() {
    let server = Running::start(Config {
        deadline: Duration::from_millis(20),
        ..patient()
    });
    for path in ["/report", "/primes?below=1000000000000"] {
        let (status, text) = Client::get(server.address, path).answer();
        assert_eq!(status, 504, "{path}");
        assert!(text.ends_with("cancelled: it took too long\n"), "{text}");
    }

    // Too late for a status: it is said in the stream.
    let (status, text) = Client::get(server.address, "/progress").answer();
    assert_eq!(status, 200);
    assert!(
        text.contains("event: end\ndata: cancelled: it took too long"),
        "{text}"
    );
    let timed_out = |reason| reason == Some(Reason::Timeout);
    let ended = server.idle();
    assert_eq!(ended.iter().filter(|it| timed_out(it.reason())).count(), 3);
    server.stop();
}
