//! `#[cancelable]`, on this crate's own runtime.

#[path = "macros/arguments.rs"]
mod arguments;
#[path = "macros/io.rs"]
mod io;
#[path = "macros/shapes.rs"]
mod shapes;
#[path = "macros/support.rs"]
mod support;
