//! A dashboard of a registry, in the terminal: what runs, how far it is and how long it may take, what
//! became of what ran before; keys cancel one operation, all below it, or everything.
//!
//! Run it: `cargo run -p cancel-app-dashboard` (with `-- --fast`: a tenth of the time)
//!
//! The registry's [changes](cancel_smol::Changes), progress ([`Pulse`]), keys, and a clock that ticks
//! while something runs wake the dashboard; nothing is asked over and over. It is an operation itself,
//! so a signal ends it like the key `q`, and the terminal is put back in either case, and if it panics.
#![forbid(unsafe_code)]

// Lowest first.
mod pulse;

mod state;

mod view;

mod keys;

mod screen;

mod app;

mod demo;

pub use app::{Config, show};
pub use demo::Demo;
pub use pulse::Pulse;
pub use screen::Screen;
pub use state::{Row, State};
pub use view::draw;
