//! An HTTP client on smol, from the lowest file to the highest: a call, its retries, and a server that
//! stalls, to try them on. The program is in `main.rs`.
#![forbid(unsafe_code)]

pub mod client;
pub mod retry;
pub mod server;
