//! Streams inside operations, from outside.

#[path = "stream/ends.rs"]
mod ends;
#[path = "stream/io.rs"]
mod io;
#[path = "stream/kept.rs"]
mod kept;
#[path = "stream/lost.rs"]
mod lost;
#[path = "stream/passing.rs"]
mod passing;
#[path = "stream/support.rs"]
mod support;
