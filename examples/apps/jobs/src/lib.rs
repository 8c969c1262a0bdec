//! Background tasks with a cancel button: an HTTP server on smol, and its page.
//!
//! Run it: `cargo run -p cancel-app-jobs`, then open the address that it prints. Ctrl-C shuts it
//! down gracefully; a second one at once.
//!
//! What it shows, and where:
//!
//! * jobs as operations in a registry, with deadlines, partial results and cleanup: `board`, `work`;
//! * cancel by id, with a reason of the application's own and what the user typed: `board`, `reasons`;
//! * live progress by server-sent events, from the registry's changes and the operations' progress:
//!   `events`;
//! * a request that ends *cancelled, dropped* when its client leaves: `report`;
//! * a shutdown that cancels the jobs, tells the pages how they ended, and then says goodbye: `server`.
#![forbid(unsafe_code)]

mod reasons;

mod work;

mod board;

mod view;

mod events;

mod report;

mod http;

mod server;

pub use board::{Board, Config, Order, Refusal};
pub use server::Server;
pub use work::Kind;
