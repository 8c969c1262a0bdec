//! A server to talk to, and the client to do it with.

pub(crate) use crate::client::{Events, get, open, post, raw};

use ::jobs::{Board, Config, Server};
use cancel_smol::{Cancelable, Cancelled, Operation, Status};
use serde_json::{Value, json};
use smol::Task;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Generous: for machines that are busy with other things.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) const FAST: Duration = Duration::from_millis(2);

/// Work at this pace does not end while a test looks on.
pub(crate) const SLOW: Duration = Duration::from_secs(3600);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) board: Board,
    pub(crate) op: Operation,
    pub(crate) task: Task<Cancelled>,
}

/// Serves while the test runs, which may not take for ever, and shuts down.
pub(crate) fn with_server(pace: Duration, test: impl AsyncFnOnce(&Running)) {
    within(async {
        let running = start(pace).await;
        test(&running).await;
        running.op.cancel();
        running.task.await;
    });
}

pub(crate) async fn start(pace: Duration) -> Running {
    let config = Config {
        pace,
        running: 3,
        ..Config::default()
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::bind(address, config).await.unwrap();
    let op = Cancelable::new().build();
    let handle = op.clone();
    Running {
        address: server.address(),
        board: server.board().clone(),
        op,
        task: smol::spawn(async move { server.run(&handle).await }),
    }
}

pub(crate) fn within<T>(test: impl Future<Output = T>) -> T {
    let late = async {
        smol::Timer::after(LIMIT).await;
        panic!("not done within {LIMIT:?}")
    };
    smol::block_on(smol::future::or(test, late))
}

/// Starts a job, and tells its number.
pub(crate) async fn job(address: SocketAddr, kind: &str, steps: u64) -> u64 {
    let order = json!({ "kind": kind, "steps": steps });
    let reply = post(address, "/jobs", &order).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    reply.json()["id"].as_u64().unwrap()
}

pub(crate) async fn events(address: SocketAddr, path: &str) -> Events {
    open(address, "GET", path, "").await.events().await
}

/// What the events of a job say of it: all of it, until the stream ends.
pub(crate) async fn follow(address: SocketAddr, id: u64) -> Vec<Value> {
    let mut events = events(address, &format!("/jobs/{id}/events")).await;
    let mut all = Vec::new();
    while let Some((name, mut data)) = events.next().await {
        if name == "job" {
            all.push(data["job"].take());
        }
    }
    all
}

/// The last word on a job.
pub(crate) async fn end(address: SocketAddr, id: u64) -> Value {
    let last = follow(address, id).await.pop().unwrap();
    let status = last["status"].as_str().unwrap();
    let finals = [Status::Completed, Status::Cancelled, Status::Failed];
    assert!(finals.iter().any(|known| known.to_string() == status));
    last
}
