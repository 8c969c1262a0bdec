//! A server in this process, and clients of it that speak TCP.
#![allow(dead_code)] // each test file uses some of it

use cancel_tokio::{Cancelable, Context, Filter, Operation};
use futures_util::StreamExt;
use requests::{App, Config, Log, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Generous: reached only by a failure.
const BOUND: Duration = Duration::from_secs(60);

/// Does not end while a test looks on.
pub(crate) const SLOW: Duration = Duration::from_secs(3600);

pub(crate) struct Running {
    pub(crate) runtime: Runtime,
    pub(crate) address: SocketAddr,
    pub(crate) app: App,
    pub(crate) op: Operation,
    task: JoinHandle<std::io::Result<()>>,
    log: Receiver<String>,
}

/// With a deadline, a grace period and a pace that are not reached by themselves.
pub(crate) fn patient() -> Config {
    Config {
        deadline: SLOW,
        grace: SLOW,
        patience: BOUND,
        pace: SLOW,
    }
}

impl Running {
    pub(crate) fn start(config: Config) -> Running {
        let runtime = Runtime::new().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (send, log) = channel();
        let to_test = Log::new(move |line| {
            let _ = send.send(line);
        });
        let op = Cancelable::new().grace(config.grace).build();
        let server = runtime.block_on(Server::bind(address, config, to_test));
        let server = server.unwrap();
        let handle = op.clone();
        Running {
            address: server.address(),
            app: server.app().clone(),
            op,
            task: runtime.spawn(async move { server.run(&handle).await }),
            runtime,
            log,
        }
    }

    /// Waits for a line of the log that begins like this.
    #[track_caller]
    pub(crate) fn expect(&self, beginning: &str) {
        let mut lines = Vec::new();
        loop {
            match self.log.recv_timeout(BOUND) {
                Ok(line) if line.starts_with(beginning) => return,
                Ok(line) => lines.push(line),
                Err(error) => panic!("no `{beginning}` ({error}) in {lines:#?}"),
            }
        }
    }

    /// Waits until nothing runs for any request. How those ended that there were:
    pub(crate) fn idle(&self) -> Vec<Context> {
        let registry = self.app.registry();
        let mut changes = registry.changes();
        let empty = async {
            while !registry.is_empty() {
                changes.next().await;
            }
        };
        self.runtime.block_on(async {
            tokio::time::timeout(BOUND, empty).await.expect("idle");
        });
        registry.history(&Filter::new())
    }

    /// Waits for the end of a server that has been told to stop.
    pub(crate) fn ended(self) {
        let end = async { tokio::time::timeout(BOUND, self.task).await };
        let ended = self.runtime.block_on(end);
        ended.expect("in time").unwrap().unwrap();
        assert!(self.app.registry().is_empty());
        assert!(TcpStream::connect(self.address).is_err());
    }

    pub(crate) fn stop(self) {
        self.op.cancel();
        self.ended();
    }
}

/// A request whose answer has not been read yet.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn get(address: SocketAddr, path: &str) -> Client {
        let mut client = Client::pipelined(address, &[]);
        client.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
        ));
        client
    }

    /// A connection that stays, and all its requests at once.
    pub(crate) fn pipelined(address: SocketAddr, paths: &[&str]) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(BOUND)).unwrap();
        let mut client = Client(BufReader::new(stream));
        let get = |path| format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        client.send(&paths.iter().map(get).collect::<String>());
        client
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// Reads up to a line that begins like this.
    #[track_caller]
    pub(crate) fn expect(&mut self, beginning: &str) {
        let mut line = String::new();
        while !line.starts_with(beginning) {
            line.clear();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "no `{beginning}`");
        }
    }

    /// The status, and the whole of the answer.
    pub(crate) fn answer(mut self) -> (u16, String) {
        let mut text = String::new();
        self.0.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text)
    }
}
