//! The faults, by what they are put into.

use super::Fault;

mod cause;
mod lock;
mod propagate;
mod scope;
mod timed;
mod tree;

pub(super) fn all() -> impl Iterator<Item = &'static Fault> {
    [
        cause::FAULTS,
        lock::FAULTS,
        propagate::FAULTS,
        scope::FAULTS,
        timed::FAULTS,
        tree::FAULTS,
    ]
    .into_iter()
    .flatten()
}
