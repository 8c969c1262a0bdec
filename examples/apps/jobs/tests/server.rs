//! The server, talked to over HTTP.

#[path = "server/client.rs"]
mod client;
#[path = "server/jobs.rs"]
mod jobs;
#[path = "server/refusals.rs"]
mod refusals;
#[path = "server/shutdown.rs"]
mod shutdown;
#[path = "server/support.rs"]
mod support;
