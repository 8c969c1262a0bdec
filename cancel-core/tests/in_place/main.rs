//! What needs no heap, from outside: runs with every choice of features, also with none.
#![cfg(not(loom))]

mod causes;
mod children;
mod clock;
mod deadline_marks;
mod deadline_origin;
mod deadlines;
mod deadlines_at_random;
mod hooks;
mod hooks_at_random;
mod random;
mod support;
mod tasks;
mod tree;
mod waits;
