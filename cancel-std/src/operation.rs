//! Operations: work that can be cancelled.
//!
//! [`Cancelable`] sets one up, [`Operation`] is its handle, [`Cx`] is what its body works with. All of an
//! operation is in one `Inner` (`operation/base.rs`).

// Lowest first.
mod runtime;

mod body;

mod details;

mod base;

mod inner;

mod accept;
mod ancestors;

mod handle;

mod force;

mod cx;

mod started;

mod trigger;

mod source;

mod into_source;

mod tree;

mod cancelable;
mod checkpoint;
mod compose;
mod nest;
mod outlived;
mod registered;
mod report;
mod snapshot;
mod sources;

mod hidden;

mod late;
mod shield;
mod time;

mod cx_time;

mod attend;
mod body_future;
mod end;

mod ending;

mod drive;

mod outcomes;

mod run;
mod run_handle;

mod call;
mod wrapped;

mod listen;
mod listen_async;
mod settings;
mod signals;
mod thread;
mod watch;
mod wrap;

mod group;

pub use accept::{AsOperation, ToFollow};
pub(crate) use ancestors::Edges;
pub use base::{Cancelable, Cx, Operation, Source};
pub use body::Body;
pub use group::{GroupTask, TaskEnd, TaskGroup, TaskOutput, TaskSet};
pub use into_source::IntoSource;
pub use runtime::Runtime;
pub use watch::ProgressWatch;
pub use wrapped::Wrapped;
