//! Requests as operations: an HTTP server with [axum], where the work for a request ends when nobody waits
//! for it any more, and the log says why.
//!
//! ```sh
//! cargo run -p cancel-app-axum
//! curl -N localhost:8080/progress    # and in the middle of it, Ctrl-C
//! ```
//!
//! * axum drops the future of a handler when its client leaves. [`Layer`](axum::middleware) around all
//!   handlers (`layer.rs`) makes each an operation, so that such a drop is a cancelation with a reason, which its
//!   token, its blocking work and the log hear of. The same layer gives each a deadline, and answers 504
//!   or 503 for those that were cancelled while the client waited.
//! * What blocks, in tokio's pool, is not dropped with its handler, but asks (`work.rs`).
//! * What has to clean up asynchronously must not be dropped: it is a task of its own, and what the client
//!   holds is a guard in the body of the answer that cancels it (`progress.rs`).
//! * Ctrl-C lets requests end for a while, then cancels them; the second one cancels them at once
//!   (`server.rs`).
#![forbid(unsafe_code)]

// Lowest first: a file uses only those above it.
mod app;

mod layer;

mod work;

mod progress;

mod server;

pub use app::{App, Config, Log};
pub use server::Server;
