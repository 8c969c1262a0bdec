//! Runs the servers that shut down gracefully, with real connections and real signals.
#![cfg(unix)]

#[path = "support/running.rs"]
mod running;
#[path = "support/run.rs"]
mod support;

use running::{BOUND, Running};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use support::{assert_lines, program};

const SERVERS: [&str; 2] = ["16_graceful_shutdown", "17_graceful_shutdown_tokio"];

struct Server {
    running: Running,
    address: String,
    state: PathBuf,
}

impl Server {
    fn start(name: &str, test: &str, arguments: &[&str]) -> Server {
        let file = format!("{name}-{test}-{}.state", std::process::id());
        let state = std::env::temp_dir().join(file);
        let mut child = Command::new(program(name))
            .arg("--state")
            .arg(&state)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = child.stdout.take().unwrap();
        let mut running = Running::new(child, output);
        let address = running.rest_of("Listening on ");
        Server {
            running,
            address,
            state,
        }
    }

    /// The last lines that it prints, and the state that it has saved.
    #[track_caller]
    fn end(self, expected: &[&str]) -> String {
        let (status, lines) = self.running.end();
        assert!(status.success(), "{status}, {lines:#?}");
        assert_lines(&lines, expected);
        let state = fs::read_to_string(&self.state).unwrap();
        fs::remove_file(&self.state).unwrap();
        state
    }
}

/// A client, with one line that it has sent.
struct Client {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Client {
    fn connect(server: &Server) -> Client {
        let stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let answers = BufReader::new(stream.try_clone().unwrap());
        Client { stream, answers }
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// The next line. Empty: the connection is closed.
    fn answer(&mut self) -> String {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            // (Closed with something unread.)
            Err(error) if error.kind() == ErrorKind::ConnectionReset => String::new(),
            read => {
                read.unwrap();
                line.trim().to_string()
            }
        }
    }
}

#[test]
fn it_stops_accepting_and_ends_what_has_begun() {
    for name in SERVERS {
        for signal in ["INT", "TERM"] {
            let mut server = Server::start(name, "drains", &[]);
            let (mut busy, mut idle) = (Client::connect(&server), Client::connect(&server));
            idle.send("one two\n\n");
            assert_eq!(idle.answer(), "2 words");
            busy.send("one two three\n");
            server.running.expect("connection 1: a request");
            server.running.kill(signal);
            server.running.rest_of("Stopping: ");
            // The connection without a request is closed, and no other one is accepted.
            assert_eq!(
                (idle.answer(), idle.answer()),
                ("bye".into(), String::new())
            );
            let before = Instant::now();
            while TcpStream::connect(&server.address).is_ok() {
                assert!(before.elapsed() < BOUND, "{name} goes on accepting");
            }
            // The request is answered.
            busy.send("four\n\n");
            assert_eq!(
                (busy.answer(), busy.answer()),
                ("4 words".into(), "bye".into())
            );
            let end = [
                "State saved: 2 requests served",
                "cancelled: 0 connections cut off",
            ];
            assert_eq!(server.end(&end), "2");
        }
    }
}

#[test]
fn the_second_signal_ends_it_at_once_and_the_state_is_saved() {
    for name in SERVERS {
        let mut server = Server::start(name, "forced", &["--grace", "3600"]);
        let mut busy = Client::connect(&server);
        busy.send("one two three\n");
        server.running.expect("connection 1: a request");
        server.running.kill("INT");
        server.running.rest_of("Stopping: ");
        server.running.kill("INT");
        assert_eq!(busy.answer(), ""); // within the bound, and not after an hour
        let end = [
            "State saved: 0 requests served",
            "cancelled: 1 connections cut off",
        ];
        assert_eq!(server.end(&end), "0");
    }
}

#[test]
fn after_the_grace_period_what_is_left_is_cut_off() {
    for name in SERVERS {
        let mut server = Server::start(name, "late", &["--fast"]);
        let mut busy = Client::connect(&server);
        busy.send("one two three\n");
        server.running.expect("connection 1: a request");
        server.running.kill("TERM");
        assert_eq!(busy.answer(), ""); // it never sends the end of its request
        let end = [
            "Stopping: *",
            "State saved: 0 requests served",
            "cancelled: 1 connections cut off",
        ];
        assert_eq!(server.end(&end), "0");
    }
}

#[test]
fn a_client_that_fails_is_nothing_to_the_others() {
    for name in SERVERS {
        let mut server = Server::start(name, "fails", &[]);
        let (mut bad, mut good) = (Client::connect(&server), Client::connect(&server));
        bad.send("one\n");
        server.running.expect("connection 1: a request");
        drop(bad); // in the middle of a request
        good.send("one two\n\n");
        assert_eq!(good.answer(), "2 words");
        server.running.kill("TERM");
        assert_eq!(good.answer(), "bye");
        let end = ["cancelled: 0 connections cut off", "connection 1: *"];
        assert_eq!(server.end(&end), "1");
    }
}
