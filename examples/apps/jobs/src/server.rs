//! `Server`: connections, and how it all ends.

use crate::board::{Board, Config, until_empty};
use crate::http::handle;
use cancel_smol::{Cancelable, Cancelled, Cx, Operation, Reason, Registry};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use smol::future;
use smol::net::{TcpListener, TcpStream};
use smol_hyper::rt::{FuturesIo, SmolTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// An HTTP server with a board of jobs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    board: Board,
    /// A registry of its own: the page lists jobs and not connections.
    connections: Registry,
}

impl Server {
    /// A server that listens; it answers when it is run.
    ///
    /// # Errors
    ///
    /// If the address is taken, or there is no place for the files of jobs.
    pub async fn bind(address: SocketAddr, config: Config) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        let folder = smol::unblock(folder).await?;
        Ok(Server {
            address: listener.local_addr()?,
            listener,
            board: Board::new(config, folder),
            connections: Registry::with_history(0),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its jobs.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Serves until `op` is cancelled, and then shuts down: first the jobs, then the clients, which so
    /// hear what became of their jobs.
    pub async fn run(&self, op: &Operation) -> Cancelled {
        let run = op.run_finally(
            async |cx| self.accept(cx).await,
            async |_| self.shut_down().await,
        );
        match run.await {
            Ok(never) => match never {},
            Err(cancelled) => cancelled,
        }
    }

    async fn accept(&self, cx: &Cx) -> Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => self.serve(stream),
                // Out of file descriptors, say: which is not cured by trying again at once.
                Err(_) => cx.sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn serve(&self, stream: TcpStream) {
        let patience = self.board.config().patience;
        let op = Cancelable::new()
            .grace(patience)
            .register(&self.connections);
        let board = self.board.clone();
        let run = op.run(async move |cx| {
            let service = service_fn(move |request| handle(board.clone(), request));
            let mut http = http1::Builder::new();
            let connection = http
                .timer(SmolTimer::new())
                .serve_connection(FuturesIo::new(stream), service);
            let mut connection = pin!(connection);
            let cancelled = async {
                cx.cancelled().await;
                None
            };
            let ended = async { Some(connection.as_mut().await) };
            if future::or(cancelled, ended).await.is_none() {
                // Answers what has been asked; no longer than the grace period.
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        });
        let task = smol::spawn(async move {
            // Clients come and go; there is nobody to tell.
            let _ = run.await;
        });
        task.detach();
    }

    async fn shut_down(&self) {
        self.board.shut_down().await;
        let changes = self.connections.changes();
        self.connections.cancel_all(Reason::Shutdown);
        until_empty(&self.connections, changes, self.board.config().patience).await;
        let folder = self.board.folder().to_owned();
        let _ = smol::unblock(move || std::fs::remove_dir_all(folder)).await;
    }
}

/// A new folder for the jobs of one server.
fn folder() -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Relaxed: the numbers have to differ, nothing else.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cancel-jobs-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match std::fs::create_dir(&folder) {
            // Left there by a process of the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => return made.map(|()| folder),
        }
    }
}
