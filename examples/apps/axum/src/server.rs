//! `Server`: listening, and how it all ends.

use crate::app::{App, Config, Log};
use crate::layer::as_operation;
use crate::{progress, work};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use cancel_tokio::{Operation, Registry, TimeoutExt, Tokio};
use futures_util::StreamExt;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use tokio::net::TcpListener;

/// An HTTP server whose requests are operations.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: App,
}

impl Server {
    /// A server that listens; it answers when it is run.
    ///
    /// # Errors
    ///
    /// If the address is taken.
    pub async fn bind(address: SocketAddr, config: Config, log: Log) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        Ok(Server {
            address: listener.local_addr()?,
            listener,
            app: App::new(config, log),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its requests share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Serves until `op` is cancelled, takes no more requests then, and lets those that run end, as long as
    /// the grace period of `op` lasts. What still runs then is cancelled, with reason *shutdown*, and
    /// answers 503. A second cancel of `op`, by one more Ctrl-C, say, ends the grace period. A client that has
    /// sent half of a request is waited for like those that do not read their answers: for the grace period and
    /// the patience after it.
    ///
    /// # Errors
    ///
    /// If the server cannot go on.
    pub async fn run(self, op: &Operation) -> io::Result<()> {
        let app = self.app;
        let router = Router::new()
            .route("/report", get(work::report))
            .route("/primes", get(work::primes))
            .route("/progress", get(progress::progress))
            .layer(from_fn_with_state(app.clone(), as_operation))
            .with_state(app.clone());
        let stopped = op.token().cancelled_owned();
        let serve = axum::serve(self.listener, router).with_graceful_shutdown(async {
            stopped.await;
        });
        let mut serve = pin!(serve.into_future());
        match op.run(async |_| serve.as_mut().await).await {
            // By itself, or in the grace period.
            Ok(served) => served?,
            Err(_) => {
                let log = app.log();
                let running = app.registry().len();
                log.line(format!(
                    "cancelling what is left of the requests: {running}"
                ));
                app.cancel_all();
                // The answers have to be written. Clients that do not read them are left alone.
                let patience = app.config().patience;
                if let Ok(served) = serve.as_mut().timeout(&Tokio, patience).await {
                    served?;
                }
            }
        }
        // Jobs whose clients have gone may be at their cleanup.
        let idle = until_empty(app.registry());
        let _ = idle.timeout(&Tokio, app.config().patience).await;
        Ok(())
    }
}

/// Waits until nothing runs.
async fn until_empty(registry: &Registry) {
    let mut changes = registry.changes();
    while !registry.is_empty() {
        changes.next().await;
    }
}
