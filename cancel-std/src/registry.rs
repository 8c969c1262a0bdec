//! `Registry`: which operations there are, what they do, and how those before them ended.

// Lowest first.
mod entry;

mod filter;

mod statistics;

mod snapshot;

mod feed;

mod history;

mod table;

mod base;

mod memberships;

mod changes;

mod cancel;
mod past;

mod enter;

pub use base::Registry;
pub use changes::Changes;
pub(crate) use entry::{Entry, Registered};
pub use feed::Change;
pub use filter::Filter;
pub(crate) use memberships::Memberships;
pub use snapshot::Snapshot;
pub use statistics::Statistics;
