//! Operations, from outside.

#[path = "operation/support.rs"]
mod support;

#[path = "operation/abandoned.rs"]
mod abandoned;
#[path = "operation/answers.rs"]
mod answers;
#[path = "operation/blocking.rs"]
mod blocking;
#[path = "operation/callbacks.rs"]
mod callbacks;
#[path = "operation/composed.rs"]
mod composed;
#[path = "operation/depth.rs"]
mod depth;
#[path = "operation/endings.rs"]
mod endings;
#[path = "operation/force.rs"]
mod force;
#[path = "operation/generations.rs"]
mod generations;
#[path = "operation/give_way.rs"]
mod give_way;
#[path = "operation/identity.rs"]
mod identity;
#[path = "operation/inside.rs"]
mod inside;
#[path = "operation/io.rs"]
mod io;
#[path = "operation/life.rs"]
mod life;
#[path = "operation/moments.rs"]
mod moments;
#[path = "operation/nested.rs"]
mod nested;
#[path = "operation/races.rs"]
mod races;
#[path = "operation/setup.rs"]
mod setup;
#[path = "operation/time.rs"]
mod time;
#[path = "operation/timeout_causes.rs"]
mod timeout_causes;
#[path = "operation/typed_errors.rs"]
mod typed_errors;
#[path = "operation/whose.rs"]
mod whose;
#[path = "operation/wrap.rs"]
mod wrap;
